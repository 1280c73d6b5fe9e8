#pragma once

#include <string>

namespace ibuild::test {

/// A header of a hand-made tar, as hostile as its fields are.
struct TarText {
  std::string name;
  std::string content = {};
  char type = '0';
  std::string link = {};
  unsigned mode = 0644;
  unsigned uid = 0;
  unsigned long mtime = 1485449953;

  /// Header and data, padded.
  std::string str() const;
};

/// What ends a tar.
std::string tar_end();
/// `plain` through one of the programs gzip, bzip2, xz, zstd.
std::string compress_with(const std::string& program, const std::string& plain);

}  // namespace ibuild::test
