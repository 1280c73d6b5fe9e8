#include "cli/log_file.h"

#include "base/error.h"

namespace ibuild::cli {

LogFile::LogFile(const std::string& path, std::ostream& otherwise) : otherwise_(otherwise) {
  if (path.empty()) return;
  file_.open(path, std::ios::trunc);
  if (file_.is_open()) return;
  base::SystemError error("open", path);
  error.add_context("--logfile");
  throw error;
}

}  // namespace ibuild::cli
