// For each request that the client makes: what becomes of it by the status of the answer.
// See: distribution-spec "Endpoints".
#include <catch2/catch.hpp>

#include <functional>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using namespace ibuild::test;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

const std::string kManifest =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)"
    R"({"mediaType":"application/vnd.oci.image.config.v1+json","digest":)"
    R"("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]})";
/// Larger than the smallest request that a limit can lead to.
const std::string kBlob(2 << 20, '.');
const std::string kManifestType(image::media_type::kOciManifest);
const std::string kIndexType(image::media_type::kOciIndex);

image::Reference by_tag() { return reference("r.io", "a/b"); }
image::Reference by_digest() {
  image::Reference name = reference("r.io", "a/b", "");
  name.digest = base::sha256_of(kManifest);
  return name;
}

FakeAnswer index_of_one() {
  image::Index index;
  index.media_type = kIndexType;
  index.manifests.push_back(
      {.media_type = kManifestType, .digest = base::sha256_of("referrer"), .size_bytes = 8});
  return {200, {{"Content-Type", kIndexType}}, image::to_json(index)};
}

FakeAnswer manifest() {
  return {200,
          {{"Content-Type", kManifestType},
           {"Content-Length", std::to_string(kManifest.size())},
           {"Docker-Content-Digest", base::sha256_of(kManifest).str()}},
          kManifest};
}

FakeAnswer answer_of_upload(const SeenRequest& request) {
  FakeAnswer answer{request.method == "GET" ? 204 : 202, {{"Location", "/up"}}};
  const std::string sent = request.headers.get("Content-Range");
  if (request.method == "GET") answer.headers.add("Range", "0-9");
  if (!sent.empty()) answer.headers.add("Range", "0-" + sent.substr(sent.find('-') + 1));
  if (request.method != "PUT") return answer;
  return {201, {{"Docker-Content-Digest", base::sha256_of(kBlob).str()}}};
}

/// What a registry that has one image and takes everything answers.
FakeAnswer right_answer(const SeenRequest& request) {
  const auto is_about = [&](const char* part) {
    return request.url.find(part) != std::string::npos;
  };
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (is_about("/up?") || request.url.ends_with("/up")) return answer_of_upload(request);
  if (is_about("/blobs/uploads/")) return {202, {{"Location", "/up"}}};
  if (is_about("/blobs/")) {
    return request.method == "HEAD" ? FakeAnswer{404} : FakeAnswer{200, {}, kBlob};
  }
  if (is_about("/referrers/") || is_about("/manifests/sha256-")) return index_of_one();
  if (is_about("/tags/list")) return {200, {}, R"({"tags":["1","2"]})"};
  if (!is_about("/manifests/")) return {200};
  if (reads) return manifest();
  FakeAnswer answer = manifest();
  answer.status = request.method == "PUT" ? 201 : 202;
  return answer;
}

/// A request with a status that is not the usual one: for a success all the rest is.
FakeAnswer answer_with(int status, const SeenRequest& request) {
  if (status / 100 == 2) {
    FakeAnswer answer = right_answer(request);
    answer.status = status;
    return answer;
  }
  if (status == 401) return {status, {{"WWW-Authenticate", "Basic realm=x"}}};
  return {status};
}

image::Descriptor blob() {
  return {.media_type = "x", .digest = base::sha256_of(kBlob), .size_bytes = kBlob.size()};
}

std::string push(RegistryClient& client, const std::string& mount_from = {}) {
  const auto open = [] { return std::make_unique<base::StringSource>(kBlob); };
  switch (client.push_blob(by_tag(), blob(), open, mount_from)) {
    case UploadOutcome::already_there:
      return "already there";
    case UploadOutcome::mounted:
      return "mounted";
    case UploadOutcome::uploaded:
      return "uploaded";
  }
  return "(nothing)";
}

std::string remove(RegistryClient& client, const image::Reference& what) {
  switch (client.delete_manifest(what)) {
    case DeleteOutcome::deleted:
      return "deleted";
    case DeleteOutcome::not_there:
      return "not there";
    case DeleteOutcome::not_served:
      return "not served";
  }
  return "(nothing)";
}

/// One request, and what its answers lead to.
struct Row {
  std::string method;
  std::string part;  // of its URL
  std::function<std::string(RegistryClient&)> action;
  std::map<int, std::string> outcomes;
  /// For those that are not named, "" = the error is told.
  std::string otherwise = {};
  /// For those that may pass, "" = the request is made again and then the error is told.
  std::string when_it_may_pass = {};
  /// What the others get before their right answer.
  std::function<std::optional<FakeAnswer>(const SeenRequest&)> before = {};
};

/// Bodies above 1 MiB are too large.
std::optional<FakeAnswer> limit_bodies(const SeenRequest& request) {
  if (request.body.size() > (1 << 20)) return FakeAnswer{413};
  return std::nullopt;
}

/// The connection breaks in the middle of each PUT with a body.
std::optional<FakeAnswer> break_off(const SeenRequest& request) {
  if (request.method != "PUT" || request.body.empty()) return std::nullopt;
  return FakeAnswer{0, {}, {}, TransportFailure::closed};
}

std::vector<Row> rows() {
  const auto upload = [](RegistryClient& client) { return push(client); };
  const auto mount = [](RegistryClient& client) { return push(client, "other"); };
  const auto resolve = [](RegistryClient& client) {
    return client.resolve(by_tag()) ? "found" : "none";
  };
  const auto fetch = [](RegistryClient& client) {
    return client.fetch_manifest(by_tag()).bytes == kManifest ? "fetched" : "(other bytes)";
  };
  const auto has_blob = [](RegistryClient& client) {
    return client.has_blob(by_tag(), blob().digest) ? "there" : "not there";
  };
  const auto fetch_blob = [](RegistryClient& client) {
    base::StringSink sink;
    client.fetch_blob(by_tag(), blob(), sink);
    return sink.take() == kBlob ? "fetched" : "(other bytes)";
  };
  const auto push_manifest = [](RegistryClient& client) {
    client.push_manifest(by_tag(), kManifestType, kManifest);
    return "pushed";
  };
  const auto referrers = [](RegistryClient& client) {
    return std::to_string(client.list_referrers(by_digest()).size());
  };
  const auto tags = [](RegistryClient& client) {
    return std::to_string(client.list_tags(by_tag()).size());
  };
  const auto log_in = [](RegistryClient& client) {
    client.check_login("r.io", "", "");
    return "welcome";
  };
  const auto no_referrers_api = [](const SeenRequest& request) -> std::optional<FakeAnswer> {
    if (request.url.find("/referrers/") == std::string::npos) return std::nullopt;
    return FakeAnswer{404};
  };
  return {
      {.method = "GET", .part = "/v2/", .action = log_in, .outcomes = {{200, "welcome"}}},
      // GET has the last word when HEAD has none.
      {.method = "HEAD",
       .part = "/manifests/1",
       .action = resolve,
       .outcomes = {{404, "none"}},
       .otherwise = "found"},
      {.method = "GET", .part = "/manifests/1", .action = fetch, .outcomes = {{200, "fetched"}}},
      {.method = "HEAD",
       .part = "/blobs/",
       .action = has_blob,
       .outcomes = {{200, "there"}, {404, "not there"}}},
      {.method = "GET",
       .part = "/blobs/",
       .action = fetch_blob,
       .outcomes = {{200, "fetched"}, {206, "wrong content"}}},
      {.method = "POST",
       .part = "/blobs/uploads/",
       .action = upload,
       .outcomes = {{200, "uploaded"}, {202, "uploaded"}, {204, "uploaded"}}},
      {.method = "POST",
       .part = "?mount=",
       .action = mount,
       .outcomes = {{201, "mounted"}},
       .otherwise = "uploaded"},
      {.method = "PUT",
       .part = "/up?digest=",
       .action = upload,
       .outcomes = {{200, "uploaded"},
                    {201, "uploaded"},
                    {202, "uploaded"},
                    {204, "uploaded"},
                    {206, "uploaded"},
                    {404, "error after attempts"},
                    {416, "error after attempts"}}},
      {.method = "PATCH",
       .part = "/up",
       .action = upload,
       .outcomes = {{200, "uploaded"},
                    {201, "uploaded"},
                    {202, "uploaded"},
                    {204, "uploaded"},
                    {206, "uploaded"},
                    {404, "error after attempts"},
                    {416, "error after attempts"}},
       .before = limit_bodies},
      // An upload that cannot go on is begun anew.
      {.method = "GET",
       .part = "/up",
       .action = upload,
       .outcomes = {{204, "uploaded"}},
       .otherwise = "error after attempts",
       .when_it_may_pass = "error after attempts",
       .before = break_off},
      {.method = "DELETE",
       .part = "/up",
       .action = upload,
       .otherwise = "uploaded",
       .when_it_may_pass = "uploaded",
       .before = limit_bodies},
      {.method = "PUT",
       .part = "/manifests/1",
       .action = push_manifest,
       .outcomes =
           {{200, "pushed"}, {201, "pushed"}, {202, "pushed"}, {204, "pushed"}, {206, "pushed"}}},
      {.method = "DELETE",
       .part = "/manifests/sha256:",
       .action = [](RegistryClient& client) { return remove(client, by_digest()); },
       .outcomes = {{200, "deleted"},
                    {202, "deleted"},
                    {204, "deleted"},
                    {404, "not there"},
                    {405, "not served"}}},
      {.method = "DELETE",
       .part = "/manifests/1",
       .action = [](RegistryClient& client) { return remove(client, by_tag()); },
       .outcomes = {{200, "deleted"},
                    {202, "deleted"},
                    {204, "deleted"},
                    {400, "not served"},
                    {404, "not there"},
                    {405, "not served"}}},
      {.method = "GET", .part = "/tags/list", .action = tags, .outcomes = {{200, "2"}}},
      {.method = "GET",
       .part = "/referrers/",
       .action = referrers,
       .outcomes = {{200, "1"}, {404, "1"}, {405, "1"}, {406, "1"}}},
      {.method = "GET",
       .part = "/manifests/sha256-",
       .action = referrers,
       .outcomes = {{200, "1"}, {404, "0"}},
       .before = no_referrers_api},
  };
}

bool may_pass(int status) { return status == 408 || status == 429 || status >= 500; }

std::string outcome_of(const Row& row, int status) {
  FakeNetwork net([&](const SeenRequest& request) {
    const bool is_it =
        request.method == row.method && request.url.find(row.part) != std::string::npos;
    if (is_it) return answer_with(status, request);
    if (row.before) {
      if (const auto answer = row.before(request)) return *answer;
    }
    return right_answer(request);
  });
  try {
    return row.action(*net.client);
  } catch (const RegistryError& error) {
    const bool again = std::string(error.what()).find("after 5 attempts") != std::string::npos;
    const bool named = error.status() == status || error.status() == 0;
    return std::string(named ? "error" : "error of another request") +
           (again ? " after attempts" : "");
  } catch (const base::ContentError&) {
    return "wrong content";
  }
}

std::string expected_outcome(const Row& row, int status) {
  const auto found = row.outcomes.find(status);
  if (found != row.outcomes.end()) return found->second;
  if (may_pass(status)) {
    return row.when_it_may_pass.empty() ? "error after attempts" : row.when_it_may_pass;
  }
  return row.otherwise.empty() ? "error" : row.otherwise;
}

}  // namespace

TEST_CASE("conformance: each request by the status of its answer", "[registry]") {
  for (const Row& row : rows()) {
    for (const int status : {200, 201, 202, 204, 206, 304, 307, 400, 401, 403, 404, 405,
                             406, 408, 413, 414, 416, 429, 431, 500, 502, 503, 504}) {
      INFO(row.method << " " << row.part << ": " << status);
      CHECK(outcome_of(row, status) == expected_outcome(row, status));
    }
  }
}

TEST_CASE("conformance: a success that is not the right one counts when it names the digest",
          "[registry]") {
  for (const int status : {200, 202, 204}) {
    FakeNetwork net([&](const SeenRequest&) { return FakeAnswer{status, {}, "<html>log in"}; });
    CHECK_THROWS_AS(net.client->push_manifest(by_tag(), kManifestType, kManifest), RegistryError);
  }
}

TEST_CASE("conformance: registries tell that they delete nothing with 400 too", "[registry]") {
  FakeNetwork net([](const SeenRequest&) {
    return FakeAnswer{400, {}, R"({"errors":[{"code":"UNSUPPORTED"}]})"};
  });
  CHECK(remove(*net.client, by_digest()) == "not served");
}

TEST_CASE("conformance: 404 says what to look at", "[registry]") {
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{404}; });
  const auto ends_with = [&](const std::string& words, auto action) {
    CHECK_THAT(registry_error_of([&] { action(*net.client); }), Catch::EndsWith(words));
  };
  ends_with("| check the name of the registry: there is none here",
            [](RegistryClient& client) { client.check_login("r.io", "", ""); });
  ends_with("| check the name and the tag",
            [](RegistryClient& client) { client.fetch_manifest(by_tag()); });
  ends_with("| the repository may have to be made first",
            [](RegistryClient& client) { push(client); });
}

TEST_CASE("conformance: blobs with another digest than sha256 are announced", "[registry]") {
  const std::string bytes = "abc";
  const auto digest = base::Digest::parse(
      "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  FakeNetwork net(right_answer);
  const auto open = [&] { return std::make_unique<base::StringSource>(bytes); };
  const image::Descriptor blob{.media_type = "x", .digest = digest, .size_bytes = bytes.size()};
  const auto push_it = [&](const std::string& from) {
    try {
      net.client->push_blob(by_tag(), blob, open, from);
    } catch (const base::Error&) {
    }
  };
  push_it("");
  CHECK(net.log->requests[1].url == "https://r.io/v2/a/b/blobs/uploads/?digest-algorithm=sha512");
  net.log->requests.clear();
  push_it("other");
  CHECK_THAT(net.log->requests[1].url, Catch::EndsWith("&from=other&digest-algorithm=sha512"));
}

TEST_CASE("conformance: an upload that comes to nothing is given up", "[registry]") {
  const auto last_request = [](int status) {
    FakeNetwork net([&](const SeenRequest& request) {
      return request.method == "PUT" ? answer_with(status, request) : right_answer(request);
    });
    registry_error_of([&] { push(*net.client); });
    return net.log->lines().back();
  };
  for (const int status : {400, 403, 500}) CHECK(last_request(status) == "DELETE https://r.io/up");
  CHECK_THAT(last_request(201), Catch::StartsWith("PUT "));
  FakeNetwork dead([&](const SeenRequest& request) {
    if (request.method != "PUT") return right_answer(request);
    return FakeAnswer{0, {}, {}, TransportFailure::connect};
  });
  registry_error_of([&] { push(*dead.client); });
  CHECK_THAT(dead.log->lines().back(), Catch::StartsWith("PUT "));
}

TEST_CASE("conformance: a referrer that is deleted leaves the stand-in index", "[registry]") {
  const std::string referrer =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)"
      R"({"mediaType":"application/vnd.oci.empty.v1+json","digest":)"
      R"("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[],)"
      R"("subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
      base::sha256_of(kManifest).str() + R"(","size":9}})";
  image::Reference name = reference("r.io", "a/b", "");
  name.digest = base::sha256_of(referrer);
  image::Index index;
  index.media_type = kIndexType;
  for (const auto& digest : {*name.digest, base::sha256_of("another")})
    index.manifests.push_back({.media_type = kManifestType, .digest = digest, .size_bytes = 1});
  bool lists_itself = false;
  std::string kept;
  FakeNetwork net([&](const SeenRequest& request) {
    if (request.method == "DELETE") return FakeAnswer{202};
    if (request.method == "PUT") kept = request.body;
    if (request.method == "PUT") return FakeAnswer{201};
    if (request.url.find("/referrers/") != std::string::npos)
      return lists_itself ? index_of_one() : FakeAnswer{404};
    if (request.url.find("/manifests/sha256-") != std::string::npos)
      return FakeAnswer{200, {{"Content-Type", kIndexType}}, image::to_json(index)};
    return FakeAnswer{200, {{"Content-Type", kManifestType}}, referrer};
  });
  CHECK(remove(*net.client, name) == "deleted");
  REQUIRE(image::parse_index(kept).manifests.size() == 1);
  CHECK(image::parse_index(kept).manifests[0].digest == base::sha256_of("another"));
  kept.clear();
  lists_itself = true;
  CHECK(remove(*net.client, name) == "deleted");
  CHECK(kept.empty());
}

TEST_CASE("conformance: what bears the tag of a list of referrers need not be one", "[registry]") {
  for (const FakeAnswer& tagged :
       {manifest(), FakeAnswer{200, {{"Content-Type", kIndexType}}, "{"}, FakeAnswer{200}}) {
    FakeNetwork net([&](const SeenRequest& request) {
      return request.url.find("/referrers/") != std::string::npos ? FakeAnswer{404} : tagged;
    });
    CHECK(net.client->list_referrers(by_digest()).empty());
  }
}
