#pragma once

#include <string_view>
#include <vector>

#include "parser/logical_line.h"

namespace ibuild::parser {

/// An instruction's line taken apart at the first level. Offsets are those of the line given.
struct SplitCommand {
  Word keyword;
  std::vector<Word> flags;  // with their dashes; quotes and escapes are gone
  Word arguments;           // the rest, without white space at its ends
};

/// Flags are the words in front that begin with two dashes; "--" alone ends them.
SplitCommand split_command(std::string_view line, char escape);

}  // namespace ibuild::parser
