#include "tests/unit/layers/filtered_bytes.h"

#include <archive.h>
#include <archive_entry.h>

#include <catch2/catch.hpp>

namespace ibuild::test {

std::string filtered(Filter filter, std::string_view plain) {
  std::string packed(plain.size() + (64 << 10), '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_set_format_raw(writer);
  if (filter == Filter::bzip2) archive_write_add_filter_bzip2(writer);
  if (filter == Filter::xz) archive_write_add_filter_xz(writer);
  archive_write_open_memory(writer, packed.data(), packed.size(), &used);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(writer, entry);
  archive_write_data(writer, plain.data(), plain.size());
  archive_entry_free(entry);
  REQUIRE(archive_write_close(writer) == ARCHIVE_OK);
  archive_write_free(writer);
  packed.resize(used);
  return packed;
}

}  // namespace ibuild::test
