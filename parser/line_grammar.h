#pragma once

#include <vector>

#include "parser/keyword.h"
#include "parser/logical_line.h"

namespace ibuild::parser {

/// The arguments of one instruction, split by its own grammar.
struct LineWords {
  std::vector<Word> words;
  bool json = false;  // exec form
};

/// `arguments` is a word of `line`, as split_command() gives it. ENV and LABEL yield three words a
/// pair: key, value and "=" ("" for the old form with a blank). ONBUILD is not for here. Throws:
/// DockerfileError.
LineWords split_arguments(Keyword keyword, const Word& arguments, const LogicalLine& line,
                          char escape);

}  // namespace ibuild::parser
