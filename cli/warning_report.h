#pragma once

#include <string>

#include "cli/error_report.h"
#include "parser/diagnostic.h"

namespace ibuild::cli {

/// The warnings of a build as they are shown at its end: their number, then each with its rule,
/// what the rule is about, its URL and an excerpt. Empty when there are none.
std::string warning_report(const parser::Diagnostics& warnings, const DockerfileText& dockerfile);

/// "FromAsCasing: … (line 3)", harmless for a terminal.
std::string warning_line(const parser::Warning& warning);

}  // namespace ibuild::cli
