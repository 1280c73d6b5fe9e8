#include "registry/blob_download.h"

#include <catch2/catch.hpp>

#include "base/digest.h"
#include "registry/content_hash.h"
#include "tests/support/hashed_text.h"
#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using namespace ibuild::test;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

const std::string kBytes = "0123456789abcdef";
using Lines = std::vector<std::string>;

image::Descriptor blob_of(const std::string& bytes) {
  return {.media_type = "x", .digest = base::sha256_of(bytes), .size_bytes = bytes.size()};
}

/// Where the request's Range begins; 0 without.
std::size_t range_begin(const SeenRequest& request) {
  const std::string range = request.headers.get("Range");
  return range.empty() ? 0 : std::stoul(range.substr(6));
}

FakeAnswer partial(std::size_t from, const std::string& body) {
  return {206, {{"Content-Range", "bytes " + std::to_string(from) + "-15/16"}}, body};
}

std::string fetch(FakeNetwork& net, const image::Descriptor& blob = blob_of(kBytes)) {
  base::StringSink sink;
  net.client->fetch_blob(reference("r.io", "a/b"), blob, sink);
  return sink.text();
}

}  // namespace

TEST_CASE("blob_download: bytes, progress and the request", "[registry]") {
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{200, {}, kBytes}; });
  base::StringSink sink;
  std::vector<std::uint64_t> seen;
  net.client->fetch_blob(reference("r.io", "a/b"), blob_of(kBytes), sink,
                         [&](std::uint64_t done, std::uint64_t total) {
                           seen.push_back(done);
                           CHECK(total == kBytes.size());
                         });
  CHECK(sink.text() == kBytes);
  CHECK(seen == std::vector<std::uint64_t>{kBytes.size()});
  CHECK(net.log->lines() ==
        Lines{"GET https://r.io/v2/a/b/blobs/" + base::sha256_of(kBytes).str()});
  CHECK(net.log->requests[0].headers.get("Accept-Encoding") == "identity");
}

TEST_CASE("blob_download: a broken transfer goes on where it stopped", "[registry]") {
  int attempt = 0;
  FakeNetwork net([&](const SeenRequest& request) {
    const std::size_t from = range_begin(request);
    if (++attempt == 1) return FakeAnswer{200, {}, kBytes.substr(0, 5), TransportFailure::closed};
    if (attempt == 2) {
      FakeAnswer answer = partial(from, kBytes.substr(from, 3));
      answer.failure = TransportFailure::stalled;
      return answer;
    }
    return partial(from, kBytes.substr(from));
  });
  CHECK(fetch(net) == kBytes);
  CHECK(net.log->requests[1].headers.get("Range") == "bytes=5-");
  CHECK(net.log->requests[2].headers.get("Range") == "bytes=8-");
}

TEST_CASE("blob_download: servers without ranges send all again, the sink gets it once",
          "[registry]") {
  int attempt = 0;
  FakeNetwork net([&](const SeenRequest&) {
    if (++attempt == 1) return FakeAnswer{200, {}, kBytes.substr(0, 5), TransportFailure::closed};
    return FakeAnswer{200, {}, kBytes};
  });
  CHECK(fetch(net) == kBytes);
}

TEST_CASE("blob_download: a range that begins earlier is used, a later one refused", "[registry]") {
  for (const std::size_t begin : {0U, 3U, 6U}) {
    int attempt = 0;
    FakeNetwork net([&](const SeenRequest&) {
      if (++attempt == 1) return FakeAnswer{200, {}, kBytes.substr(0, 5), TransportFailure::closed};
      return partial(begin, kBytes.substr(begin));
    });
    if (begin > 5) {
      CHECK_THROWS_AS(fetch(net), base::ContentError);
    } else {
      CHECK(fetch(net) == kBytes);
    }
  }
}

TEST_CASE("blob_download: a sink that hashes is asked for the digest at the end", "[registry]") {
  class Claiming : public HashedText {
   public:
    base::Digest digest() override { return base::sha256_of("what it has hashed"); }
  };
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{200, {}, kBytes}; });
  Claiming sink;
  const auto fetch_to_sink = [&](const image::Descriptor& blob) {
    net.client->fetch_blob(reference("r.io", "a/b"), blob, sink);
  };
  CHECK_THROWS_AS(fetch_to_sink(blob_of(kBytes)), base::ContentError);
  CHECK_NOTHROW(fetch_to_sink(
      {.media_type = "x", .digest = base::sha256_of("what it has hashed"), .size_bytes = 16}));
}

TEST_CASE("blob_download: digests of other algorithms are not the sink's to tell", "[registry]") {
  const auto sha512_of = [](const std::string& bytes) {
    ContentHash hash("sha512");
    hash.update(base::as_bytes(bytes));
    return hash.finish();
  };
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{200, {}, kBytes}; });
  HashedText sink;
  image::Descriptor blob = blob_of(kBytes);
  blob.digest = sha512_of(kBytes);
  net.client->fetch_blob(reference("r.io", "a/b"), blob, sink);
  CHECK(sink.text() == kBytes);
  blob.digest = sha512_of("others");
  CHECK_THROWS_AS(net.client->fetch_blob(reference("r.io", "a/b"), blob, sink), base::ContentError);
}

TEST_CASE("blob_download: what a sink hashes is the blob once, however it came", "[registry]") {
  int attempt = 0;
  std::string end = kBytes.substr(5);
  FakeNetwork net([&](const SeenRequest&) {
    if (++attempt % 2 == 1)
      return FakeAnswer{200, {}, kBytes.substr(0, 5), TransportFailure::closed};
    return FakeAnswer{200, {}, kBytes.substr(0, 5) + end};
  });
  HashedText sink;
  net.client->fetch_blob(reference("r.io", "a/b"), blob_of(kBytes), sink);
  CHECK(sink.text() == kBytes);
  end.back() = 'X';
  HashedText other;
  CHECK_THROWS_AS(net.client->fetch_blob(reference("r.io", "a/b"), blob_of(kBytes), other),
                  base::ContentError);
}

TEST_CASE("blob_download: a short body is asked for again", "[registry]") {
  int attempt = 0;
  FakeNetwork net([&](const SeenRequest& request) {
    const std::size_t from = range_begin(request);
    return ++attempt == 1 ? FakeAnswer{200, {}, kBytes.substr(0, 5)}
                          : partial(from, kBytes.substr(from));
  });
  CHECK(fetch(net) == kBytes);
  FakeNetwork always([](const SeenRequest& request) {
    return range_begin(request) == 0 ? FakeAnswer{200, {}, kBytes.substr(0, 5)} : partial(5, "");
  });
  CHECK(registry_error_of([&] { fetch(always); }).find("the body ended after 5 of 16 bytes") !=
        std::string::npos);
}

TEST_CASE("blob_download: other bytes, more bytes and another size are refused", "[registry]") {
  FakeNetwork other([](const SeenRequest&) { return FakeAnswer{200, {}, "0123456789abcdeX"}; });
  CHECK_THROWS_AS(fetch(other), base::ContentError);
  FakeNetwork more([](const SeenRequest&) { return FakeAnswer{200, {}, kBytes + "!"}; });
  CHECK_THROWS_AS(fetch(more), base::ContentError);
  FakeNetwork size([](const SeenRequest&) {
    return FakeAnswer{200, {{"Content-Length", "17"}}, kBytes};
  });
  CHECK_THROWS_AS(fetch(size), base::ContentError);
  CHECK(size.log->requests.size() == 1);
}

TEST_CASE("blob_download: attempts that bring much do not count as failures", "[registry]") {
  const std::string big(16 << 20, 'b');
  constexpr std::size_t kPiece = 1 << 20;
  FakeNetwork net([&](const SeenRequest& request) {
    const std::size_t from = range_begin(request);
    FakeAnswer answer{206,
                      {{"Content-Range", "bytes " + std::to_string(from) + "-/*"}},
                      big.substr(from, kPiece)};
    if (from + kPiece < big.size()) answer.failure = TransportFailure::closed;
    return answer;
  });
  CHECK(fetch(net, blob_of(big)).size() == big.size());
  CHECK(net.log->requests.size() == 16);
}

TEST_CASE("blob_download: attempts that bring nothing are given up", "[registry]") {
  FakeNetwork net([](const SeenRequest&) {
    return FakeAnswer{0, {}, {}, TransportFailure::closed};
  });
  CHECK(
      registry_error_of([&] { fetch(net); }).starts_with("after 5 attempts: GET https://r.io/v2/"));
  CHECK(net.log->requests.size() == 5);
  CHECK(net.log->waits.size() == 4);
}

TEST_CASE("blob_download: redirects to another host carry no credential", "[registry]") {
  RegistryOptions options;
  options.docker_auth_config = R"({"auths":{"r.io":{"username":"u","password":"p"}}})";
  FakeNetwork net(
      [](const SeenRequest& request) {
        if (request.url.starts_with("https://cdn.io/")) return FakeAnswer{200, {}, kBytes};
        if (request.authorization().empty()) {
          return FakeAnswer{401, {{"WWW-Authenticate", "Basic realm=x"}}};
        }
        return FakeAnswer{307, {{"Location", "https://cdn.io/data?sig=a%2Bb"}}};
      },
      options);
  CHECK(fetch(net) == kBytes);
  REQUIRE(net.log->requests.size() == 3);
  CHECK(net.log->requests[1].authorization() == "Basic dTpw");
  CHECK(net.log->requests[2].url == "https://cdn.io/data?sig=a%2Bb");
  CHECK(net.log->requests[2].authorization().empty());
}

TEST_CASE("blob_download: foreign layers come from their URLs", "[registry]") {
  image::Descriptor blob = blob_of(kBytes);
  blob.urls = {"http://plain.example/no", "https://169.254.169.254/no", "https://layers.example/x"};
  FakeNetwork net([](const SeenRequest& request) {
    return request.url == "https://layers.example/x" ? FakeAnswer{200, {}, kBytes}
                                                     : FakeAnswer{404};
  });
  CHECK(fetch(net, blob) == kBytes);
  CHECK(net.log->requests.size() == 2);
}

TEST_CASE("blob_download: what the sink throws is passed on at once", "[registry]") {
  class FullDisk : public base::ByteSink {
    void write(base::Bytes) override { throw base::SystemError(28, "write", "disk"); }
  };
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{200, {}, kBytes}; });
  FullDisk sink;
  CHECK_THROWS_AS(net.client->fetch_blob(reference("r.io", "a"), blob_of(kBytes), sink),
                  base::SystemError);
  CHECK(net.log->requests.size() == 1);
}

TEST_CASE("blob_download: an empty blob needs no request", "[registry]") {
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{500}; });
  CHECK(fetch(net, blob_of("")).empty());
  CHECK(net.log->requests.empty());
}
