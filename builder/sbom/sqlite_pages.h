#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "builder/sbom/file_window.h"

namespace ibuild::builder {

/// The pages of an SQLite database as its last transaction left them: those of the file, and newer
/// ones of the write-ahead log. See: sqlite.org/fileformat2.html, 1.3 and 4.
class SqlitePages {
 public:
  /// `log` may be null; both outlive this. Throws: ContentError for what is no such database.
  SqlitePages(FileWindow& file, FileWindow* log);

  /// Counted from 1. Throws: ContentError when there is none.
  std::string page(std::uint64_t number);
  std::uint64_t page_bytes() const { return page_bytes_; }
  /// Of a page, without what extensions keep at its end.
  std::uint64_t usable_bytes() const { return usable_bytes_; }
  /// There are no more than so many.
  std::uint64_t max_pages() const;

 private:
  void read_log();

  FileWindow& file_;
  FileWindow* log_;
  std::uint64_t page_bytes_ = 0;
  std::uint64_t usable_bytes_ = 0;
  std::map<std::uint64_t, std::uint64_t> newer_;  // page → its offset in the log
};

}  // namespace ibuild::builder
