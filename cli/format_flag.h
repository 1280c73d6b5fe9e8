#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/option_parser.h"

namespace ibuild::cli {

/// --format of commands that tell what they have done: text for people, or an object of JSON a line
/// for programs. Keys are listed in docs/json.md; they are added to, not renamed.
class FormatFlag {
 public:
  void add_to(OptionParser& parser);
  /// Throws: UsageError for any other format. To be asked before anything is done.
  bool json() const;

 private:
  std::string format_ = "text";
};

/// One line with its newline; bytes that are no UTF-8 are replaced.
std::string json_line(const nlohmann::ordered_json& json);

}  // namespace ibuild::cli
