#pragma once

#include <string>
#include <vector>

#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// Why a step's program could not be run, in a shell's terms: 127 not there, 126 there but not to
/// be run.
struct ProgramFailure {
  int exit_code = 127;
  std::string text;
};

/// A step's program, ready for execve(2).
class Program {
 public:
  /// `spec` must outlive this.
  explicit Program(const SandboxSpec& spec);
  /// Looks the program up in the PATH of the step's environment, inside the present root and with
  /// the present rights, and turns into it. Returns only when that fails.
  ProgramFailure run() const;

 private:
  const std::string& name_;
  std::vector<std::string> candidates_;
  std::vector<char*> argv_;
  std::vector<char*> env_;
};

}  // namespace ibuild::sandbox
