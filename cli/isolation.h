#pragma once

#include <string>
#include <string_view>

#include "sandbox/user_namespace.h"

namespace ibuild::cli {

/// What --isolation asks for.
enum class Isolation { automatic, root, rootless, none };

/// Throws: UsageError for what is not known or not supported.
Isolation parse_isolation(std::string_view text);

/// Whether steps can run in this process, and how or why not.
struct IsolationChoice {
  bool can_run = false;
  std::string reason;  // why not
};

/// Enters the user namespace where `wanted` needs one (and then does not return the first time).
/// Before any thread starts. Throws: UsageError when the profile asked for is not that of this
/// user.
IsolationChoice enter_isolation(Isolation wanted, int argc, char** argv);

}  // namespace ibuild::cli
