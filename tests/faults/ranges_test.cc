// A big blob that comes in several ranges at once, in bad weather.
#include <catch2/catch.hpp>

#include "base/error.h"
#include "image/reference.h"
#include "tests/faults/fault_table.h"
#include "tests/faults/weather.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::test;

namespace {

constexpr std::size_t kBlobBytes = 34 << 20;
/// The first ones of a download, a range each.
constexpr std::size_t kRequests = 5;
/// The proxy takes an answer whole before it sends it on.
constexpr std::chrono::milliseconds kPatience{2000};

bool has_registry() {
  const auto why_not = RegistryServer::why_unavailable();
  return can_run("registry", why_not.empty(), why_not);
}

std::string big_bytes() {
  std::string bytes(kBlobBytes, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i >> 14);
  return bytes;
}

/// A registry with one big blob.
class BigBlob {
 public:
  BigBlob() {
    make_hasty_client(kPatience)->push_blob(repository(server_.host()), blob_, [this] {
      return std::make_unique<base::StringSource>(bytes_);
    });
  }
  int port() const { return server_.port(); }
  /// Through the server at `host`. Whether all is there; throws what fetching throws.
  bool fetch_from(const std::string& host) const {
    base::StringSink sink;
    make_hasty_client(kPatience)->fetch_blob(repository(host), blob_, sink);
    return sink.text() == bytes_;
  }

 private:
  static image::Reference repository(const std::string& host) {
    return image::parse_reference(host + "/big");
  }

  RegistryServer server_;
  const std::string bytes_ = big_bytes();
  const image::Descriptor blob_{
      .media_type = "x", .digest = base::sha256_of(bytes_), .size_bytes = kBlobBytes};
};

std::size_t count_ranges(const FaultProxy& proxy) {
  std::size_t count = 0;
  for (const auto& head : proxy.heads()) count += head.find("\r\nRange: ") != std::string::npos;
  return count;
}

}  // namespace

TEST_CASE("ranges: a big blob comes in ranges", "[faults]") {
  if (!has_registry()) return;
  const BigBlob blob;
  FaultProxy proxy(blob.port());
  proxy.begin();
  CHECK(blob.fetch_from(proxy.host()));
  CHECK(count_ranges(proxy) >= kRequests);
}

TEST_CASE("ranges: every fault at one of the ranges", "[faults]") {
  if (!has_registry()) return;
  const BigBlob blob;
  FaultProxy proxy(blob.port());
  const FaultProxy elsewhere(blob.port());
  std::size_t struck = 0;
  for (const NamedFault& fault : all_faults(elsewhere)) {
    const std::size_t at = struck++ % kRequests;
    proxy.begin([&](std::size_t number, const std::string&) {
      return number == at ? fault.fault : Fault{};
    });
    INFO(fault.name << " at request " << at);
    try {
      const bool whole = blob.fetch_from(proxy.host());
      CHECK(whole);
    } catch (const base::Error& error) {
      INFO(error.what());
      CHECK(fault.once == NamedFault::Once::may_refuse);
    }
  }
}

TEST_CASE("ranges: a server that forgets how to answer ranges sends the rest whole", "[faults]") {
  if (!has_registry()) return;
  const BigBlob blob;
  FaultProxy proxy(blob.port());
  const Fault without_range = [](Exchange& exchange) {
    exchange.drop("Range");
    exchange.answer(exchange.forward());
  };
  proxy.begin([&](std::size_t number, const std::string&) {
    return number >= 2 ? without_range : Fault{};
  });
  CHECK(blob.fetch_from(proxy.host()));
}
