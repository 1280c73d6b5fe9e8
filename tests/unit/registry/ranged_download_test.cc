// Big blobs, several ranges of them at once.
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>

#include "registry/content_range.h"
#include "registry/pieces_ahead.h"
#include "tests/support/hashed_text.h"
#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using namespace ibuild::test;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

constexpr std::size_t kBlobBytes = kRangesFromBytes + 3 * kPieceBytes + 5;

std::string make_bytes() {
  std::string bytes(kBlobBytes, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i >> 12);
  return bytes;
}
const std::string& bytes() {
  static const std::string made = make_bytes();
  return made;
}

image::Descriptor blob() {
  static const image::Descriptor made{
      .media_type = "x", .digest = base::sha256_of(bytes()), .size_bytes = bytes().size()};
  return made;
}

struct Asked {
  std::size_t begin = 0;
  std::size_t end = kBlobBytes;
};
/// What the request's Range names; all without one.
Asked asked_of(const SeenRequest& request) {
  const std::string range = request.headers.get("Range");
  if (range.empty()) return {};
  const auto dash = range.find('-');
  Asked asked{.begin = std::stoul(range.substr(6))};
  if (dash + 1 < range.size()) asked.end = std::stoul(range.substr(dash + 1)) + 1;
  return asked;
}

FakeAnswer part(const Asked& asked) {
  return {206,
          {{"Content-Range", "bytes " + std::to_string(asked.begin) + "-" +
                                 std::to_string(asked.end - 1) + "/" + std::to_string(kBlobBytes)}},
          bytes().substr(asked.begin, asked.end - asked.begin)};
}

template <typename Sink = base::StringSink>
bool fetches_all(FakeNetwork& net) {
  Sink sink;
  net.client->fetch_blob(reference("r.io", "a/b"), blob(), sink);
  return sink.text() == bytes();
}

}  // namespace

TEST_CASE("ranged_download: every byte is asked for once", "[registry]") {
  FakeNetwork net([](const SeenRequest& request) { return part(asked_of(request)); });
  CHECK(fetches_all(net));
  std::vector<Asked> all;
  for (const auto& request : net.log->requests) all.push_back(asked_of(request));
  std::ranges::sort(all, {}, &Asked::begin);
  std::size_t reached = 0;
  for (const auto& asked : all) {
    CHECK(asked.begin == reached);
    CHECK(asked.end - asked.begin <= kPieceBytes);
    reached = asked.end;
  }
  CHECK(reached == kBlobBytes);
}

TEST_CASE("ranged_download: small blobs and clients with one connection ask for all at once",
          "[registry]") {
  const std::string small(kRangesFromBytes - 1, 's');
  FakeNetwork net([&](const SeenRequest&) { return FakeAnswer{200, {}, small}; });
  base::StringSink sink;
  net.client->fetch_blob(
      reference("r.io", "a/b"),
      {.media_type = "x", .digest = base::sha256_of(small), .size_bytes = small.size()}, sink);
  CHECK(net.log->requests.size() == 1);
  CHECK(net.log->requests[0].headers.get("Range").empty());

  RegistryOptions options;
  options.max_connections_per_host = 1;
  FakeNetwork lone([](const SeenRequest& request) { return part(asked_of(request)); }, options);
  CHECK(fetches_all(lone));
  CHECK(lone.log->requests.size() == 3);  // a piece, a larger one, the rest
}

TEST_CASE("ranged_download: servers without ranges send all, in one stream", "[registry]") {
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{200, {}, bytes()}; });
  CHECK(fetches_all(net));
  CHECK(net.log->requests.size() == 1);
}

TEST_CASE("ranged_download: 416 and ranges without the wanted end lead to one stream",
          "[registry]") {
  FakeNetwork refused([](const SeenRequest& request) {
    return request.headers.get("Range").empty() ? FakeAnswer{200, {}, bytes()} : FakeAnswer{416};
  });
  CHECK(fetches_all(refused));
  CHECK(refused.log->requests.size() == 2);

  FakeNetwork endless(
      [](const SeenRequest& request) { return part({.begin = asked_of(request).begin}); });
  CHECK(fetches_all(endless));
  CHECK(endless.log->requests.size() == 1);
}

TEST_CASE("ranged_download: a range that breaks goes on where it stopped", "[registry]") {
  constexpr std::size_t kBroken = 2 * kPieceBytes;
  constexpr std::size_t kCame = 1000;
  std::vector<std::size_t> begins;
  FakeNetwork net([&](const SeenRequest& request) {
    const auto asked = asked_of(request);
    begins.push_back(asked.begin);
    if (asked.begin != kBroken) return part(asked);
    FakeAnswer answer = part(asked);
    answer.body.resize(kCame);
    answer.failure = TransportFailure::closed;
    return answer;
  });
  CHECK(fetches_all(net));
  CHECK(std::ranges::count(begins, kBroken) == 1);
  CHECK(std::ranges::count(begins, kBroken + kCame) == 1);
  CHECK(fetches_all<HashedText>(net));
}

TEST_CASE("ranged_download: a server that refuses company gets one stream in the end",
          "[registry]") {
  std::atomic<std::size_t> refusals = 0;
  FakeNetwork net([&](const SeenRequest& request) {
    const auto asked = asked_of(request);
    // Nothing but what the stream itself comes to next.
    static thread_local bool own = false;
    if (asked.begin == 0) own = true;
    if (own) return part(asked);
    ++refusals;
    return FakeAnswer{429};
  });
  CHECK(fetches_all(net));
  CHECK(refusals >= 1);
  CHECK(refusals <= 2 * std::size_t{TransferSlots::kMaxFurther});
  CHECK(net.log->waits.empty());
}

TEST_CASE("ranged_download: wrong bytes, another size and ranges of another place are refused",
          "[registry]") {
  FakeNetwork wrong([](const SeenRequest& request) {
    FakeAnswer answer = part(asked_of(request));
    if (asked_of(request).begin == kPieceBytes) answer.body[7] ^= 1;
    return answer;
  });
  CHECK_THROWS_AS(fetches_all(wrong), base::ContentError);
  CHECK_THROWS_AS(fetches_all<HashedText>(wrong), base::ContentError);
  FakeNetwork size([](const SeenRequest& request) {
    FakeAnswer answer = part(asked_of(request));
    answer.headers.set("Content-Range", "bytes 0-9/99999999");
    return answer;
  });
  CHECK_THROWS_AS(fetches_all(size), base::ContentError);
  FakeNetwork place([](const SeenRequest& request) {
    return asked_of(request).begin == kPieceBytes ? part({kPieceBytes + 1, 2 * kPieceBytes})
                                                  : part(asked_of(request));
  });
  CHECK_THROWS_AS(fetches_all(place), base::ContentError);
}

TEST_CASE("ranged_download: what the sink throws ends the other streams", "[registry]") {
  class FullDisk : public base::ByteSink {
    void write(base::Bytes) override { throw base::SystemError(28, "write", "disk"); }
  };
  FakeNetwork net([](const SeenRequest& request) { return part(asked_of(request)); });
  FullDisk sink;
  CHECK_THROWS_AS(net.client->fetch_blob(reference("r.io", "a/b"), blob(), sink),
                  base::SystemError);
}

TEST_CASE("ranged_download: what 206 answers say", "[registry]") {
  const auto parsed = [](const std::string& value) {
    return parse_content_range({{"Content-Range", value}});
  };
  CHECK(parsed("bytes 2-4/9")->begin == 2);
  CHECK(parsed("bytes 2-4/9")->end == 5U);
  CHECK(parsed("bytes 2-4/9")->total == 9U);
  CHECK_FALSE(parsed("bytes 2-4/*")->total.has_value());
  CHECK_FALSE(parsed("bytes 2-/9")->end.has_value());
  CHECK_FALSE(parsed("bytes 2-18446744073709551615/9")->end.has_value());
  for (const auto* const text : {"", "bytes */9", "items 2-4/9", "bytes x-4/9"})
    CHECK_FALSE(parsed(text).has_value());
  CHECK(range_field(5, std::nullopt) == "bytes=5-");
  CHECK(range_field(5, 9) == "bytes=5-8");
}

TEST_CASE("transfer_slots: further streams while connections are free", "[registry]") {
  TransferSlots slots(3);
  const auto one = slots.take();
  auto a = slots.try_take_further();
  auto b = slots.try_take_further();
  CHECK((a && b));
  CHECK_FALSE(slots.try_take_further());
  a.reset();
  const auto two = slots.take();  // a download always goes ahead
  CHECK_FALSE(slots.try_take_further());
  TransferSlots many(100);
  std::vector<std::unique_ptr<TransferSlots::Hold>> holds;
  while (auto hold = many.try_take_further()) holds.push_back(std::move(hold));
  CHECK(holds.size() == TransferSlots::kMaxFurther);
}
