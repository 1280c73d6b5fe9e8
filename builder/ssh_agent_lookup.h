#pragma once

#include <functional>
#include <optional>
#include <string>

namespace ibuild::builder {

/// An ssh agent that a build may use.
struct SshAgent {
  std::string socket_path;  // of the host
  /// `keys`: what a step asks for is looked at, and only the list of keys and signatures are
  /// given. `all`: everything is passed on as it is.
  enum class Access { keys, all };
  Access access = Access::keys;
};

/// The agent of an --ssh by its id; none when the user gave no such id. Throws: base::Error when
/// the agent cannot be had. For any thread. Empty: there are none at all.
using SshAgentLookup = std::function<std::optional<SshAgent>(const std::string& id)>;

/// The id that stands for "the agent of the user".
inline constexpr const char* kDefaultSshId = "default";

}  // namespace ibuild::builder
