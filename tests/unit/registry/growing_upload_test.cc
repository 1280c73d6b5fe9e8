#include <catch2/catch.hpp>
#include <vector>

#include "registry/blob_upload.h"
#include "tests/unit/registry/upload_server.h"

using namespace ibuild::registry;
using namespace ibuild::test;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

const std::string kBytes = "0123456789";
using Methods = std::vector<std::string>;

/// Has so much of kBytes each time that somebody waits, and is whole after that.
class ScriptedBlob : public GrowingBlob {
 public:
  explicit ScriptedBlob(std::vector<std::uint64_t> sizes) : sizes_(std::move(sizes)) {}

  Extent wait_for(std::uint64_t, std::stop_token) override {
    if (next_ < sizes_.size()) return {sizes_[next_++]};
    if (given_up) throw base::ContentError("given up");
    return {kBytes.size(),
            image::Descriptor{
                .media_type = "x", .digest = base::sha256_of(kBytes), .size_bytes = kBytes.size()}};
  }
  std::unique_ptr<base::ByteSource> open() override {
    return std::make_unique<base::StringSource>(kBytes);
  }
  bool given_up = false;

 private:
  std::vector<std::uint64_t> sizes_;
  std::size_t next_ = 0;
};

void push(FakeNetwork& net, std::vector<std::uint64_t> sizes) {
  ScriptedBlob blob(std::move(sizes));
  net.client->push_growing_blob(reference("r.io", "a/b"), blob);
}

}  // namespace

TEST_CASE("growing_upload: sends what has come, and the digest at the end", "[registry]") {
  UploadServer server;
  FakeNetwork net = network(server);
  push(net, {4, 7});
  CHECK(methods(net) == Methods{"POST", "PATCH", "PATCH", "PATCH", "PUT"});
  CHECK(net.log->requests[1].body == "0123");
  CHECK(net.log->requests[2].body == "456");
  CHECK(net.log->requests[2].headers.get("Content-Range") == "4-6");
  CHECK(net.log->requests[4].body.empty());
  CHECK(server.held == kBytes);
  CHECK(server.puts == 1);
}

TEST_CASE("growing_upload: what is whole before the first request goes in one", "[registry]") {
  UploadServer server;
  FakeNetwork net = network(server);
  push(net, {});
  CHECK(methods(net) == Methods{"POST", "PUT"});
  CHECK(server.held == kBytes);
}

TEST_CASE("growing_upload: nothing is sent between two pieces that are one", "[registry]") {
  UploadServer server;
  FakeNetwork net = network(server);
  push(net, {4, 4, 10});
  CHECK(methods(net) == Methods{"POST", "PATCH", "PATCH", "PUT"});
}

TEST_CASE("growing_upload: goes on where it broke off while the blob grows", "[registry]") {
  UploadServer server;
  server.fault = break_first_after(2);
  FakeNetwork net = network(server);
  push(net, {4, 7});
  CHECK(methods(net) == Methods{"POST", "PATCH", "GET", "PATCH", "PATCH", "PUT"});
  CHECK(net.log->requests[3].headers.get("Content-Range") == "2-6");
  CHECK(server.held == kBytes);
  CHECK(server.sessions == 1);
}

TEST_CASE("growing_upload: begins anew where the registry cannot tell how far it is",
          "[registry]") {
  UploadServer server;
  server.knows_status = false;
  server.fault = break_first_after(2);
  FakeNetwork net = network(server);
  push(net, {4});
  CHECK(methods(net) == Methods{"POST", "PATCH", "GET", "POST", "PUT"});
  CHECK(server.held == kBytes);
}

TEST_CASE("growing_upload: a piece that is too large is sent in smaller ones", "[registry]") {
  const std::uint64_t large = 3 << 20;
  const std::string bytes(large, 'x');
  struct LargeBlob : GrowingBlob {
    const std::string& all;
    explicit LargeBlob(const std::string& bytes) : all(bytes) {}
    Extent wait_for(std::uint64_t size, std::stop_token) override {
      if (size <= all.size() || !waited) return waited = true, Extent{all.size()};
      return {all.size(),
              image::Descriptor{
                  .media_type = "x", .digest = base::sha256_of(all), .size_bytes = all.size()}};
    }
    std::unique_ptr<base::ByteSource> open() override {
      return std::make_unique<base::StringSource>(all);
    }
    bool waited = false;
  } blob(bytes);
  UploadServer server;
  server.fault = [&](UploadServer&, const SeenRequest& request) -> std::optional<FakeAnswer> {
    if (request.body.size() > (1 << 20)) return FakeAnswer{413};
    return std::nullopt;
  };
  FakeNetwork net = network(server);
  net.client->push_growing_blob(reference("r.io", "a/b"), blob);
  CHECK(server.held == bytes);
  CHECK(server.puts == 1);
}

TEST_CASE("growing_upload: a blob that is given up is taken back", "[registry]") {
  UploadServer server;
  FakeNetwork net = network(server);
  ScriptedBlob blob({4});
  blob.given_up = true;
  CHECK_THROWS_AS(net.client->push_growing_blob(reference("r.io", "a/b"), blob),
                  base::ContentError);
  CHECK(methods(net) == Methods{"POST", "PATCH", "DELETE"});
  CHECK(server.puts == 0);
}

TEST_CASE("growing_upload: whether a repository is new is one small question", "[registry]") {
  FakeAnswer answer{404, {}, R"({"errors":[{"code":"NAME_UNKNOWN"}]})"};
  FakeNetwork net([&](const SeenRequest&) { return answer; });
  const auto ask = [&] { return net.client->is_new_repository(reference("r.io", "a/b")); };
  CHECK(ask());
  answer = {200, {}, R"({"name":"a/b","tags":null})"};
  CHECK(ask());
  answer = {200, {}, R"({"name":"a/b","tags":["1"]})"};
  CHECK_FALSE(ask());
  answer = {403};
  CHECK_THROWS_AS(ask(), RegistryError);
  CHECK(net.log->requests.front().url.ends_with("/v2/a/b/tags/list?n=1"));
}
