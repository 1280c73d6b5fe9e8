#pragma once

#include <ostream>
#include <string>

#include "base/stream.h"

namespace ibuild::cli {

// Those that ask on the terminal read from `in`, which must be standard input. When reading throws
// (a stop request), the terminal is as it was.

/// The first line of `in`, without its end, for --password-stdin. Throws: UsageError when it is
/// empty or longer than 64 KiB.
std::string read_password(base::ByteSource& in);

/// Asks on the terminal, without showing what is typed. Throws: UsageError when standard input is
/// no terminal, or nothing is entered.
std::string prompt_password(base::ByteSource& in, std::ostream& err);

/// Asks on the terminal. Throws: UsageError when standard input is no terminal, or nothing is
/// entered.
std::string prompt_line(base::ByteSource& in, std::ostream& err, const std::string& question);

}  // namespace ibuild::cli
