#include "cli/commands/cache_listing.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/text.h"

using namespace ibuild;
using builder::CacheItem;
using cli::CacheFilter;

namespace {

const base::TimePoint kNow{std::chrono::hours(100'000)};

CacheItem mount(std::string id, std::chrono::hours age) {
  CacheItem item;
  item.kind = CacheItem::Kind::mount;
  item.id = std::move(id);
  item.description = "cache mount pip";
  item.size_bytes = 2048;
  item.last_used = kNow - age;
  return item;
}

bool fits(std::vector<std::string> filters, const CacheItem& item) {
  return CacheFilter(filters, kNow).fits(item);
}

}  // namespace

TEST_CASE("cache_listing: filters as buildx has them", "[cli]") {
  const auto item = mount("0123456789ab", std::chrono::hours(25));
  auto layer = item;
  layer.kind = CacheItem::Kind::step;
  layer.in_image = true;
  CHECK(fits({}, item));
  CHECK(fits({"type=exec.cachemount"}, item));
  CHECK(fits({"type==exec.cachemount"}, item));
  CHECK_FALSE(fits({"type=regular"}, item));
  CHECK(fits({"type!=regular"}, item));
  CHECK(fits({"type~=^exec"}, item));
  CHECK_FALSE(fits({"type=source.local"}, item));
  CHECK(fits({"id=0123"}, item));
  CHECK(fits({"id~=^0123"}, item));
  CHECK_FALSE(fits({"id~=^123"}, item));
  CHECK_FALSE(fits({"id==0123"}, item));
  CHECK(fits({"description~=pip$"}, item));
  CHECK_FALSE(fits({"description=pip"}, item));
  CHECK(fits({"until=24h"}, item));
  CHECK_FALSE(fits({"unused-for=26h"}, item));
  for (const std::string key : {"inuse", "shared", "immutable"}) {
    CHECK(fits({key}, layer));
    CHECK_FALSE(fits({key}, item));
    CHECK(fits({key + "=false"}, item));
  }
  for (const std::string key : {"private", "mutable"}) {
    CHECK(fits({key}, item));
    CHECK_FALSE(fits({key + "=true"}, layer));
  }
  // All must fit, however they are given.
  CHECK(fits({"mutable,id=01"}, item));
  CHECK_FALSE(fits({"mutable,id=ff"}, item));
  CHECK_FALSE(fits({"mutable", "until=1w"}, item));
}

TEST_CASE("cache_listing: filters that are none are refused by name", "[cli]") {
  for (const auto& bad : std::vector<std::string>{
           "", "type", "type=nonsense", "until", "until=x", "until!=1h", "id", "color=red",
           "inuse=maybe", "inuse!=true", "id~=(", "description~=" + std::string(2000, 'x')}) {
    INFO(bad);
    CHECK_THROWS_AS(CacheFilter({bad}, kNow), base::UsageError);
  }
  CHECK_THROWS_WITH(CacheFilter({"until=5"}, kNow), "--filter until=5 is no age");
}

TEST_CASE("cache_listing: the table tells what could go", "[cli]") {
  auto kept = mount("cd", std::chrono::hours(1));
  kept.in_image = true;
  const std::vector<CacheItem> items = {mount("ab", std::chrono::hours(1)), kept};
  const auto brief = cli::cache_table(items, cli::Detail::brief);
  CHECK_THAT(brief, Catch::Contains("RECLAIMABLE") && !Catch::Contains("pip"));
  CHECK_THAT(brief, Catch::Contains("Shared: " + base::human_bytes(2048)) &&
                        Catch::Contains("Reclaimable: " + base::human_bytes(2048)) &&
                        Catch::Contains("Total: " + base::human_bytes(4096)));
  CHECK_THAT(cli::cache_table(items, cli::Detail::verbose),
             Catch::Contains("exec.cachemount   cache mount pip"));
  CHECK_THAT(cli::cache_table({}, cli::Detail::brief), !Catch::Contains("ID"));
  CHECK_THAT(
      cli::cache_json_lines(items),
      Catch::StartsWith(R"({"ID":"ab","Type":"exec.cachemount","Mutable":true,"Shared":false,)") &&
          Catch::Contains(R"("Reclaimable":false,"Size":2048)"));
}
