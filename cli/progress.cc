#include "cli/progress.h"

#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

ProgressMode parse_progress(std::string_view text) {
  if (text.empty() || text == "auto" || text == "plain") return ProgressMode::plain;
  if (text == "quiet") return ProgressMode::quiet;
  if (text == "none") return ProgressMode::none;
  if (text == "tty" || text == "rawjson") {
    throw base::UsageError("--progress=" + std::string(text) +
                           " is not supported: use plain, quiet or none");
  }
  base::UsageError error("--progress=" + base::printable(text) + " is not known");
  error.set_hint("use auto, plain, quiet or none");
  throw error;
}

}  // namespace ibuild::cli
