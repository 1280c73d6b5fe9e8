#include "builder/tree/file_facts_table.h"

#include <catch2/catch.hpp>
#include <string>

namespace ibuild::builder {
namespace {

FileIdentity identity(std::uint64_t inode) { return {1, inode, 2, 3, 4}; }

}  // namespace

TEST_CASE("file_facts_table: finds each of many by all of its identity, in their order",
          "[builder]") {
  FileFactsTable table;
  CHECK_FALSE(table.find(identity(1)));
  constexpr std::uint64_t kCount = 10'000;
  for (std::uint64_t i = kCount; i > 0; --i) {
    const auto text = std::to_string(i);
    table.put(identity(i), {base::sha256_of(text), i % 1000 == 0 ? text : ""});
  }
  CHECK(table.size() == kCount);
  bool found = true;
  for (std::uint64_t i = 1; i <= kCount; ++i) {
    const auto text = std::to_string(i);
    const FileFacts wanted{base::sha256_of(text), i % 1000 == 0 ? text : ""};
    found = found && table.find(identity(i)) == wanted;
  }
  CHECK(found);
  for (const FileIdentity& other :
       {FileIdentity{2, 5, 2, 3, 4}, FileIdentity{1, 5, 3, 3, 4}, FileIdentity{1, 5, 2, 4, 4},
        FileIdentity{1, 5, 2, 3, 5}, FileIdentity{1, kCount + 1, 2, 3, 4}})
    CHECK_FALSE(table.find(other));
  std::uint64_t inode = 0;
  bool in_order = true;
  for (const auto place : table.sorted())
    in_order = in_order && table.identity(place) == identity(++inode);
  CHECK(in_order);
}

TEST_CASE("file_facts_table: what is put again is replaced, its capability too", "[builder]") {
  FileFactsTable table;
  table.put(identity(1), {base::sha256_of("a"), "caps"});
  table.put(identity(1), {base::sha256_of("b"), ""});
  CHECK(table.size() == 1);
  CHECK(table.find(identity(1)) == FileFacts{base::sha256_of("b"), ""});
  table.clear();
  CHECK(table.empty());
  CHECK_FALSE(table.find(identity(1)));
  table.put(identity(2), {base::sha256_of("c"), "x"});
  CHECK(table.find(identity(2)) == FileFacts{base::sha256_of("c"), "x"});
}

}  // namespace ibuild::builder
