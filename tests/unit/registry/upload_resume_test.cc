#include <catch2/catch.hpp>
#include <functional>

#include "base/digest.h"
#include "base/text.h"
#include "registry/blob_upload.h"
#include "registry/upload_body.h"
#include "tests/unit/registry/upload_server.h"

using namespace ibuild::registry;
using namespace ibuild::test;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

UploadOutcome push(FakeNetwork& net, const std::string& bytes) {
  const image::Descriptor blob{
      .media_type = "x", .digest = base::sha256_of(bytes), .size_bytes = bytes.size()};
  return net.client->push_blob(reference("r.io", "a/b"), blob,
                               [&] { return std::make_unique<base::StringSource>(bytes); });
}

const std::string kBytes = "0123456789";
using Methods = std::vector<std::string>;

}  // namespace

TEST_CASE("upload_resume: goes on where the registry says that it broke off", "[registry]") {
  UploadServer server;
  server.fault = break_first_after(4);
  FakeNetwork net = network(server);
  CHECK(push(net, kBytes) == UploadOutcome::uploaded);
  CHECK(methods(net) == Methods{"HEAD", "POST", "PUT", "HEAD", "GET", "PATCH", "PUT"});
  CHECK(net.log->requests[5].body == "456789");
  CHECK(net.log->requests[5].headers.get("Content-Range") == "4-9");
  CHECK(net.log->requests[6].body.empty());
  CHECK(server.held == kBytes);
  CHECK(server.sessions == 1);
}

TEST_CASE("upload_resume: only the end is missing when all bytes have come", "[registry]") {
  UploadServer server;
  server.fault = break_first_after(kBytes.size());
  FakeNetwork net = network(server);
  push(net, kBytes);
  CHECK(methods(net) == Methods{"HEAD", "POST", "PUT", "HEAD", "GET", "PUT"});
  CHECK(server.held == kBytes);
}

TEST_CASE("upload_resume: begins anew where the registry cannot tell how far it is", "[registry]") {
  UploadServer server;
  server.knows_status = false;
  server.fault = break_first_after(4);
  FakeNetwork net = network(server);
  CHECK(push(net, kBytes) == UploadOutcome::uploaded);
  CHECK(methods(net) == Methods{"HEAD", "POST", "PUT", "HEAD", "GET", "POST", "PUT"});
  CHECK(server.held == kBytes);
}

TEST_CASE("upload_resume: one byte or none cannot be told apart, so it begins anew", "[registry]") {
  UploadServer server;
  server.fault = break_first_after(1);
  FakeNetwork net = network(server);
  push(net, kBytes);
  CHECK(server.held == kBytes);
  CHECK(server.sessions == 2);
}

TEST_CASE("upload_resume: breaks again and again, and gets there", "[registry]") {
  UploadServer server;
  int failures = 0;
  server.fault = [&](UploadServer& self, const SeenRequest& request) -> std::optional<FakeAnswer> {
    if (request.body.size() < 4 || ++failures > 4) return std::nullopt;
    self.held += request.body.substr(0, 2);
    return FakeAnswer{0, {}, {}, TransportFailure::stalled};
  };
  FakeNetwork net = network(server);
  CHECK(push(net, kBytes) == UploadOutcome::uploaded);
  CHECK(server.held == kBytes);
  CHECK(server.sessions == 1);
  CHECK(failures == 4);
}

TEST_CASE("upload_resume: a 416 for a piece is settled by asking for the status", "[registry]") {
  UploadServer server;
  int seen = 0;
  server.fault = [&](UploadServer& self, const SeenRequest& request) -> std::optional<FakeAnswer> {
    ++seen;
    if (seen == 1) {
      self.held = request.body.substr(0, 6);
      return FakeAnswer{0, {}, {}, TransportFailure::closed};
    }
    if (seen == 2) self.held.resize(3);  // bytes that were told, but lost after all
    return std::nullopt;
  };
  FakeNetwork net = network(server);
  CHECK(push(net, kBytes) == UploadOutcome::uploaded);
  CHECK(methods(net) ==
        Methods{"HEAD", "POST", "PUT", "HEAD", "GET", "PATCH", "HEAD", "GET", "PATCH", "PUT"});
  CHECK(server.held == kBytes);
}

TEST_CASE("upload_resume: what was put together wrong is sent anew, as a whole", "[registry]") {
  UploadServer server;
  int seen = 0;
  server.fault = [&](UploadServer& self, const SeenRequest& request) -> std::optional<FakeAnswer> {
    if (++seen != 1) return std::nullopt;
    self.held = std::string(request.body.size() / 2, 'x');
    return FakeAnswer{0, {}, {}, TransportFailure::closed};
  };
  FakeNetwork net = network(server);
  CHECK(push(net, kBytes) == UploadOutcome::uploaded);
  CHECK(server.held == kBytes);
  CHECK(server.sessions == 2);
}

TEST_CASE("upload_resume: a registry that counts wrong is told after some attempts", "[registry]") {
  FakeNetwork net([](const SeenRequest& request) {
    if (request.method == "HEAD") return FakeAnswer{404};
    if (request.method == "POST") return FakeAnswer{202, {{"Location", "/up"}}};
    if (request.method == "GET") return FakeAnswer{204, {{"Range", "0-4"}}};
    if (request.method == "PATCH") return FakeAnswer{202, {{"Range", "0-99"}}};
    return FakeAnswer{0, {}, {}, TransportFailure::closed};
  });
  CHECK_THAT(registry_error_of([&] { push(net, kBytes); }), Catch::Contains("after 5 attempts"));
}

TEST_CASE("upload_resume: 413 makes the requests smaller", "[registry]") {
  constexpr std::size_t kLimit = 3 << 20;
  std::string bytes(9 << 20, '.');
  for (std::size_t i = 0; i < bytes.size(); i += 1000) bytes[i] = static_cast<char>('a' + i % 26);
  UploadServer server;
  server.fault = [&](UploadServer&, const SeenRequest& request) -> std::optional<FakeAnswer> {
    if (request.body.size() > kLimit) return FakeAnswer{413};
    return std::nullopt;
  };
  FakeNetwork net = network(server);
  CHECK(push(net, bytes) == UploadOutcome::uploaded);
  CHECK(server.held == bytes);
  CHECK(net.log->waits.empty());
  CHECK(server.sessions == 3);  // whole, 8 MiB, 1 MiB
}

TEST_CASE("upload_resume: requests get no smaller than the registry allows", "[registry]") {
  const std::string bytes(9 << 20, '.');
  FakeNetwork net([&](const SeenRequest& request) {
    if (request.method == "HEAD") return FakeAnswer{404};
    if (request.method != "POST") return FakeAnswer{413};
    return FakeAnswer{202, {{"Location", "/up"}, {"OCI-Chunk-Min-Length", "8388608"}}};
  });
  CHECK_THAT(registry_error_of([&] { push(net, bytes); }), Catch::Contains("limits the size"));
  CHECK(methods(net) == Methods{"HEAD", "POST", "PUT", "DELETE", "POST", "PATCH", "DELETE"});
}

TEST_CASE("upload_body: reads on, and opens anew only to go back", "[registry]") {
  int opened = 0;
  const BlobOpener open = [&] {
    ++opened;
    return std::make_unique<base::StringSource>(kBytes);
  };
  UploadBody body(open);
  const auto read = [&](std::uint64_t offset, std::uint64_t size) {
    return base::read_all(*body.piece(offset, size), 100, "piece");
  };
  CHECK(read(0, 3) == "012");
  CHECK(read(3, 2) == "34");
  CHECK(read(7, 9) == "789");
  CHECK(opened == 1);
  CHECK(read(2, 2) == "23");
  CHECK(opened == 2);
  CHECK_THROWS_AS(read(11, 1), base::ContentError);
}
