#include "cli/password_prompt.h"

#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "base/error.h"
#include "base/scope_exit.h"

namespace ibuild::cli {

namespace {

constexpr std::size_t kMaxPasswordBytes = 64 << 10;

void check_terminal(const char* instead) {
  if (isatty(STDIN_FILENO) == 1) return;
  throw base::UsageError(std::string("standard input is no terminal to ask on: use ") + instead);
}

}  // namespace

std::string read_password(std::istream& in) {
  std::string password;
  char c = 0;
  while (in.get(c) && c != '\n') {
    if (password.size() == kMaxPasswordBytes) throw base::UsageError("the password is too long");
    password += c;
  }
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty()) throw base::UsageError("the password is empty");
  return password;
}

std::string prompt_password(std::ostream& err) {
  check_terminal("--password-stdin");
  termios before{};
  if (tcgetattr(STDIN_FILENO, &before) != 0) throw base::SystemError("tcgetattr", "standard input");
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  err << "Password: " << std::flush;
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  const base::ScopeExit restore([&] {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    err << "\n";
  });
  return read_password(std::cin);
}

std::string prompt_line(std::istream& in, std::ostream& err, const std::string& question) {
  check_terminal("--username");
  err << question << ": " << std::flush;
  std::string line;
  std::getline(in, line);
  if (line.empty()) throw base::UsageError("nothing was entered");
  return line;
}

}  // namespace ibuild::cli
