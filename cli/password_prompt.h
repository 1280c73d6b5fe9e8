#pragma once

#include <istream>
#include <ostream>
#include <string>

namespace ibuild::cli {

/// The first line of `in`, without its end, for --password-stdin. Throws: UsageError when it is
/// empty or longer than 64 KiB.
std::string read_password(std::istream& in);

/// Asks on the terminal, without showing what is typed. Throws: UsageError when standard input is
/// no terminal.
std::string prompt_password(std::ostream& err);

/// Asks on the terminal. Throws: UsageError when standard input is no terminal.
std::string prompt_line(std::istream& in, std::ostream& err, const std::string& question);

}  // namespace ibuild::cli
