#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "layers/store.h"
#include "layers/working_tree.h"
#include "sandbox/sandbox.h"
#include "sandbox/user_namespace.h"

namespace ibuild::cli {

/// What --isolation asks for.
enum class Isolation { automatic, root, rootless, shared_pids, chroot, none };

/// Throws: UsageError for what is not known or not supported.
Isolation parse_isolation(std::string_view text);

/// Whether steps can run in this process, and how or why not.
struct IsolationChoice {
  // namespaces: root and rootless alike
  enum class Profile { namespaces, shared_pids, chroot, none };
  Profile profile = Profile::none;
  std::string reason;  // why not more
  bool can_run() const { return profile != Profile::none; }
};

/// The name of a profile that keeps steps less apart than they could be elsewhere; empty for
/// others.
std::string_view name_of_fallback(const IsolationChoice& choice);

/// What runs the steps, and what makes their root file systems. Null for `none`.
std::unique_ptr<sandbox::Sandbox> make_sandbox(const IsolationChoice& choice);
std::unique_ptr<layers::SnapshotBackend> make_snapshots(const IsolationChoice& choice,
                                                        const layers::Store& store);

/// Enters the user namespace where `wanted` needs one (and then does not return the first time).
/// Before any thread starts. `store`: the host path of the store. Throws: UsageError when the
/// profile asked for is not that of this user.
IsolationChoice enter_isolation(Isolation wanted, const std::string& store, int argc, char** argv);

}  // namespace ibuild::cli
