#pragma once

#include <string>

#include "parser/dockerfile.h"

namespace ibuild::parser {

/// The AST as an S-expression, one line an instruction, as BuildKit's own tools print it:
/// (run ["--network=none"] "make"). No new line at the end.
std::string dump_ast(const Dockerfile& dockerfile);

}  // namespace ibuild::parser
