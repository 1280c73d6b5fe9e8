#include "layers/zip_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/support/stored_zip.h"

using namespace ibuild;
using layers::InflateBudget;
using layers::ZipReader;

namespace {

la_ssize_t append(archive*, void* text, const void* bytes, std::size_t size) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

/// As most programs write one: deflated, and lengths behind the files.
std::string deflated_zip(const std::vector<std::pair<std::string, std::string>>& files,
                         const char* options = "zip:compression=deflate") {
  std::string zip;
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  archive_write_set_options(writer, options);
  archive_write_set_bytes_per_block(writer, 0);
  archive_write_open(writer, &zip, nullptr, append, nullptr);
  for (const auto& [name, content] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(writer, entry);
    archive_write_data(writer, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  return zip;
}

using Files = std::vector<std::pair<std::string, std::string>>;

Files read_zip(const std::string& zip, InflateBudget budget = {}) {
  base::StringSource source(zip);
  ZipReader reader(source, budget);
  Files files;
  while (auto name = reader.next())
    files.emplace_back(*std::move(name), base::read_all(reader.data(), 1 << 20, "a file"));
  return files;
}

std::size_t count_names(const std::string& zip, InflateBudget& budget) {
  base::StringSource source(zip);
  ZipReader reader(source, budget);
  std::size_t count = 0;
  while (reader.next()) ++count;
  return count;
}

const Files kFiles = {
    {"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n"}, {"empty", ""}, {"a/b", "content"}};

}  // namespace

TEST_CASE("zip_reader: stored and deflated files", "[layers]") {
  CHECK(read_zip(test::stored_zip(kFiles)) == kFiles);
  CHECK(read_zip(deflated_zip(kFiles)) == kFiles);
  CHECK(read_zip(test::stored_zip({})).empty());
  CHECK(read_zip("").empty());
  CHECK(read_zip(test::stored_zip({{"grün", "x"}})) == Files{{"grün", "x"}});
}

TEST_CASE("zip_reader: files that are not read are passed over", "[layers]") {
  InflateBudget budget;
  CHECK(count_names(deflated_zip(kFiles), budget) == 3);
  CHECK(count_names(test::stored_zip(kFiles), budget) == 3);
}

TEST_CASE("zip_reader: what is no zip, or ends early, is an error", "[layers]") {
  CHECK_THROWS_AS(read_zip("no zip at all, but some text"), base::ContentError);
  for (const auto& zip : {test::stored_zip(kFiles), deflated_zip(kFiles)}) {
    for (std::size_t size = 1; size < 60; ++size)
      CHECK_THROWS_AS(read_zip(zip.substr(0, size)), base::ContentError);
  }
  auto damaged = test::stored_zip(kFiles);
  damaged[damaged.find("content")] = 'C';
  CHECK_THROWS_AS(read_zip(damaged), base::ContentError);
}

TEST_CASE("zip_reader: an encrypted file is an error", "[layers]") {
  auto zip = test::stored_zip({{"a", "content of twelve and more"}});
  zip[6] = 1;
  CHECK_THROWS_AS(read_zip(zip), base::ContentError);
}

TEST_CASE("zip_reader: a bomb is not inflated beyond the budget", "[layers]") {
  const auto bomb = deflated_zip({{"zeros", std::string(4 << 20, '\0')}, {"more", "x"}});
  CHECK(bomb.size() < 16 << 10);
  InflateBudget budget{.left_bytes = 1 << 20};
  // Also when nobody wants the file.
  CHECK_THROWS_WITH(count_names(bomb, budget), Catch::Contains("inflates to too much"));
  CHECK(budget.left_bytes == 0);
  CHECK_THROWS_AS(count_names(test::stored_zip(kFiles), budget), base::ContentError);
  InflateBudget enough{.left_bytes = 5 << 20};
  CHECK(count_names(bomb, enough) == 2);
  CHECK(enough.left_bytes == (5 << 20) - (4 << 20) - 1);
}
