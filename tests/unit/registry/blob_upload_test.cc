#include "registry/blob_upload.h"

#include <catch2/catch.hpp>

#include "base/digest.h"
#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using namespace ibuild::test;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

const std::string kBytes = "layer bytes";
using Lines = std::vector<std::string>;

std::string digest() { return base::sha256_of(kBytes).str(); }
std::string encoded_digest() { return percent_encode(digest()); }

struct Pushed {
  UploadOutcome outcome;
  int opened = 0;
  std::uint64_t told_bytes = 0;
};

Pushed push(FakeNetwork& net, const std::string& mount_from = {}) {
  Pushed pushed{};
  const image::Descriptor blob{
      .media_type = "x", .digest = base::sha256_of(kBytes), .size_bytes = kBytes.size()};
  pushed.outcome = net.client->push_blob(
      reference("r.io", "a/b"), blob,
      [&] {
        ++pushed.opened;
        return std::make_unique<base::StringSource>(kBytes);
      },
      mount_from, [&](std::uint64_t done, std::uint64_t) { pushed.told_bytes = done; });
  return pushed;
}

FakeAnswer created() { return {201, {{"Docker-Content-Digest", digest()}}}; }
FakeAnswer accepted(const std::string& location) { return {202, {{"Location", location}}}; }

/// HEAD finds nothing, POST sends to `location`, PUT succeeds.
FakeTransport::Handler registry_with_location(const std::string& location) {
  return [location](const SeenRequest& request) {
    if (request.method == "HEAD") return FakeAnswer{404};
    return request.method == "POST" ? accepted(location) : created();
  };
}

}  // namespace

TEST_CASE("blob_upload: what is there already is not sent", "[registry]") {
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{200}; });
  const Pushed pushed = push(net);
  CHECK(pushed.outcome == UploadOutcome::already_there);
  CHECK(pushed.opened == 0);
  CHECK(net.log->lines() == Lines{"HEAD https://r.io/v2/a/b/blobs/" + digest()});
}

TEST_CASE("blob_upload: POST, then PUT to the relative location with its query kept",
          "[registry]") {
  FakeNetwork net(registry_with_location("/v2/a/b/blobs/uploads/u1?_state=x%3D%3D"));
  const Pushed pushed = push(net);
  CHECK(pushed.outcome == UploadOutcome::uploaded);
  CHECK(pushed.told_bytes == kBytes.size());
  CHECK(
      net.log->lines() ==
      Lines{"HEAD https://r.io/v2/a/b/blobs/" + digest(), "POST https://r.io/v2/a/b/blobs/uploads/",
            "PUT https://r.io/v2/a/b/blobs/uploads/u1?_state=x%3D%3D&digest=" + encoded_digest()});
  CHECK(net.log->requests[2].body == kBytes);
}

TEST_CASE("blob_upload: a location that loses TLS on the same host is mended", "[registry]") {
  FakeNetwork net(registry_with_location("http://r.io/up"));
  push(net);
  CHECK(net.log->requests[2].url == "https://r.io/up?digest=" + encoded_digest());
}

TEST_CASE("blob_upload: locations elsewhere get no credential, bad ones are refused",
          "[registry]") {
  RegistryOptions options;
  options.docker_auth_config = R"({"auths":{"r.io":{"username":"u","password":"p"}}})";
  const auto basic = [](FakeTransport::Handler inner) {
    return [inner](const SeenRequest& request) {
      const bool own = request.url.starts_with("https://r.io/");
      if (own && request.authorization().empty()) {
        return FakeAnswer{401, {{"WWW-Authenticate", "Basic realm=x"}}};
      }
      return inner(request);
    };
  };
  FakeNetwork net(basic(registry_with_location("https://uploads.io/u")), options);
  push(net);
  CHECK(net.log->requests.back().url == "https://uploads.io/u?digest=" + encoded_digest());
  CHECK(net.log->requests.back().authorization().empty());

  for (const char* bad : {"http://other.io/u", "https://127.0.0.1/u", "ftp://r.io/u", ""}) {
    FakeNetwork refused(registry_with_location(bad));
    CHECK(registry_error_of([&] { push(refused); }) != "(no error)");
    CHECK(refused.log->requests.size() == 2);
  }
}

TEST_CASE("blob_upload: a blob of another repository is mounted", "[registry]") {
  FakeNetwork net([](const SeenRequest& request) {
    return request.method == "HEAD" ? FakeAnswer{404} : created();
  });
  CHECK(push(net, "library/python").outcome == UploadOutcome::mounted);
  CHECK(net.log->lines().back() == "POST https://r.io/v2/a/b/blobs/uploads/?mount=" +
                                       encoded_digest() + "&from=library%2Fpython");
}

TEST_CASE("blob_upload: a mount that is answered with an upload is continued", "[registry]") {
  FakeNetwork net(registry_with_location("/up"));
  CHECK(push(net, "other").outcome == UploadOutcome::uploaded);
  CHECK(net.log->requests.size() == 3);
}

TEST_CASE("blob_upload: a mount that is refused becomes an upload", "[registry]") {
  FakeNetwork net([](const SeenRequest& request) {
    if (request.method == "HEAD") return FakeAnswer{404};
    if (request.url.find("mount=") != std::string::npos) return FakeAnswer{403};
    return request.method == "POST" ? accepted("/up") : created();
  });
  CHECK(push(net, "other").outcome == UploadOutcome::uploaded);
  CHECK(net.log->requests.size() == 4);
}

TEST_CASE("blob_upload: nothing is mounted from the repository itself", "[registry]") {
  FakeNetwork net(registry_with_location("/up"));
  push(net, "a/b");
  CHECK(net.log->requests[1].url == "https://r.io/v2/a/b/blobs/uploads/");
}

TEST_CASE("blob_upload: after a failure it begins anew, and may find itself done", "[registry]") {
  int heads = 0;
  FakeNetwork net([&](const SeenRequest& request) {
    if (request.method == "HEAD") return ++heads == 1 ? FakeAnswer{404} : FakeAnswer{200};
    if (request.method == "POST") return accepted("/up");
    return FakeAnswer{0, {}, {}, TransportFailure::closed};  // the answer to PUT got lost
  });
  const Pushed pushed = push(net);
  CHECK(pushed.outcome == UploadOutcome::already_there);
  CHECK(pushed.opened == 1);
}

TEST_CASE("blob_upload: server errors and lost sessions are retried with a new session",
          "[registry]") {
  for (const FakeAnswer& failure :
       {FakeAnswer{500}, FakeAnswer{503},
        FakeAnswer{404, {}, R"({"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]})"}, FakeAnswer{416}}) {
    int puts = 0;
    FakeNetwork net([&](const SeenRequest& request) {
      if (request.method != "POST" && request.method != "PUT") return FakeAnswer{404};
      if (request.method == "POST") return accepted("/up" + std::to_string(puts));
      return ++puts == 1 ? failure : created();
    });
    const Pushed pushed = push(net);
    CHECK(pushed.outcome == UploadOutcome::uploaded);
    CHECK(pushed.opened == 2);
    CHECK(net.log->requests.back().url.starts_with("https://r.io/up1?"));
  }
}

TEST_CASE("blob_upload: refusals are told, not retried", "[registry]") {
  FakeNetwork net([&](const SeenRequest& request) {
    if (request.method == "HEAD") return FakeAnswer{404};
    if (request.method == "POST") return accepted("/up");
    return FakeAnswer{413};
  });
  CHECK(registry_error_of([&] { push(net); }) ==
        "PUT https://r.io/up?digest=" + encoded_digest() +
            ": 413 (no credential) | the registry, or a proxy in front of it, limits the size of "
            "uploads");
  CHECK(net.log->requests.size() == 4);  // the last one gives the upload up
}

TEST_CASE("blob_upload: a registry that tells another digest is caught", "[registry]") {
  FakeNetwork net([&](const SeenRequest& request) {
    if (request.method == "HEAD") return FakeAnswer{404};
    if (request.method == "POST") return accepted("/up");
    return FakeAnswer{201, {{"Docker-Content-Digest", base::sha256_of("other").str()}}};
  });
  CHECK_THROWS_AS(push(net), base::ContentError);
}

TEST_CASE("blob_upload: has_blob asks with HEAD", "[registry]") {
  FakeNetwork net([](const SeenRequest& request) {
    return FakeAnswer{request.url.ends_with(digest()) ? 200 : 404};
  });
  CHECK(net.client->has_blob(reference("r.io", "a"), base::sha256_of(kBytes)));
  CHECK_FALSE(net.client->has_blob(reference("r.io", "a"), base::sha256_of("other")));
}

TEST_CASE("blob_upload: storage that refuses HEAD has the blob, or says 404", "[registry]") {
  for (const int status : {200, 400, 403, 404, 405}) {
    FakeNetwork net([&](const SeenRequest& request) {
      if (request.url.starts_with("https://storage.io/")) return FakeAnswer{status};
      return FakeAnswer{307, {{"Location", "https://storage.io/x?sig=1"}}};
    });
    CHECK(net.client->has_blob(reference("r.io", "a"), base::sha256_of(kBytes)) == (status != 404));
  }
}
