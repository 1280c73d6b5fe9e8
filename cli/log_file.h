#pragma once

#include <fstream>
#include <ostream>
#include <string>

namespace ibuild::cli {

/// Where a build's progress goes: a file, or standard error.
class LogFile {
 public:
  /// An empty path: `otherwise`, which outlives this. A file is begun anew. Throws: SystemError
  /// naming --logfile.
  LogFile(const std::string& path, std::ostream& otherwise);

  std::ostream& stream() { return is_file() ? file_ : otherwise_; }
  bool is_file() const { return file_.is_open(); }

 private:
  std::ofstream file_;
  std::ostream& otherwise_;
};

}  // namespace ibuild::cli
