#pragma once

#include <string>
#include <vector>

namespace ibuild::cli {

/// Rows of text in columns, each as wide as its widest cell, three blanks apart, no blanks at line
/// ends.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  /// Requires: as many cells as the header has.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string str() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// "3 days ago", for an RFC 3339 time; "-" for none or for one that cannot be read; the time itself
/// when it lies ahead.
std::string time_ago(const std::string& rfc3339);

}  // namespace ibuild::cli
