#include "cli/password_prompt.h"

#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/scope_exit.h"
#include "cli/standard_input.h"

namespace ibuild::cli {

namespace {

constexpr std::size_t kMaxPasswordBytes = 64 << 10;
constexpr std::size_t kMaxNameBytes = 4 << 10;

void check_terminal(const char* instead) {
  if (isatty(STDIN_FILENO) == 1) return;
  throw base::UsageError(std::string("standard input is no terminal to ask on: use ") + instead);
}

}  // namespace

std::string read_password(base::ByteSource& in) {
  auto password = read_line(in, kMaxPasswordBytes, "the password").value_or("");
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty()) throw base::UsageError("the password is empty");
  return password;
}

std::string prompt_password(base::ByteSource& in, std::ostream& err) {
  check_terminal("--password-stdin");
  termios before{};
  if (tcgetattr(STDIN_FILENO, &before) != 0) throw base::SystemError("tcgetattr", "standard input");
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  const base::ScopeExit restore([&] {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    err << "\n" << std::flush;
  });
  // What is typed from the question on is not shown.
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  err << "Password: " << std::flush;
  return read_password(in);
}

std::string prompt_line(base::ByteSource& in, std::ostream& err, const std::string& question) {
  check_terminal("--username");
  err << question << ": " << std::flush;
  auto line = read_line(in, kMaxNameBytes, "what was entered").value_or("");
  if (line.empty()) throw base::UsageError("nothing was entered");
  return line;
}

}  // namespace ibuild::cli
