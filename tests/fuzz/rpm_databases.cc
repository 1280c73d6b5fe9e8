// Any bytes as a database of rpm in each of its formats, as SQLite's log beside a sound one, and as
// a package's header: an error, or records that are not larger together than the file.
#include "builder/sbom/rpm_databases.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "builder/sbom/rpm_header.h"

namespace {

using namespace ibuild;

/// Of the text in memory, whose bytes outlive it.
builder::FileWindow window_of(std::string_view text) {
  return {[text](std::uint64_t offset) {
            return std::make_unique<base::StringSource>(
                text.substr(std::min<std::uint64_t>(offset, text.size())));
          },
          text.size()};
}

template <class Read>
void try_read(std::size_t size, Read read) {
  std::size_t sum = 0;
  try {
    read([&](const std::string& record) {
      sum += record.size();
      builder::parse_rpm_header(record);
    });
  } catch (const base::ContentError& error) {
    if (error.what()[0] == '\0') std::abort();
  }
  if (sum > size) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto file = window_of(text);
  try_read(size, [&](const auto& visit) { builder::read_rpm_ndb(file, visit); });
  try_read(size, [&](const auto& visit) { builder::read_rpm_bdb(file, visit); });
  try_read(size, [&](const auto& visit) { builder::read_rpm_sqlite(file, nullptr, visit); });
  // The first half as the database, the other one as its log.
  const auto half = size / 2;
  auto first = window_of(text.substr(0, half));
  auto log = window_of(text.substr(half));
  try_read(size, [&](const auto& visit) { builder::read_rpm_sqlite(first, &log, visit); });
  builder::parse_rpm_header(text);
  return 0;
}
