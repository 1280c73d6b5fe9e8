#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace ibuild::base {

/// What ends a build. `what()` is one line in plain words: what was tried, on what, what happened.
/// Lower case, no full stop, secrets and URL credentials already removed by whoever made it.
class Error : public std::exception {
 public:
  explicit Error(std::string message);

  const char* what() const noexcept override;

  /// Puts `context` before the message ("step 4/9: RUN make: <message>"). Once per layer of
  /// meaning.
  void add_context(std::string_view context);

  /// What the user can do about it; empty when nothing is known. Shown on a line of its own.
  const std::string& hint() const noexcept { return hint_; }
  void set_hint(std::string hint) { hint_ = std::move(hint); }

 private:
  std::string message_;
  std::string hint_;
};

/// A system call that failed. Takes errno at once. A failing disk and too many files have a hint.
class SystemError : public Error {
 public:
  /// Requires: errno is still that of the failed `call`.
  SystemError(std::string_view call, std::string_view path);
  SystemError(int error_number, std::string_view call, std::string_view path);

  int error_number() const noexcept { return error_number_; }

 private:
  int error_number_;
};

/// Bytes are not what their digest or size promised, or break the format they claim to have.
class ContentError : public Error {
 public:
  explicit ContentError(std::string message);
  ContentError(std::string_view what, std::string_view expected, std::string_view actual);
};

/// The command line, an option value or a configuration file is wrong.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// The build was stopped from outside (Ctrl-C, SIGTERM, another step failed).
class CancelledError : public Error {
 public:
  CancelledError();
};

}  // namespace ibuild::base
