#include "cli/isolation.h"

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

namespace {

using sandbox::Privilege;
using Profile = IsolationChoice::Profile;

[[noreturn]] void refuse(std::string_view wanted, const std::string& why) {
  base::UsageError error("--isolation=" + std::string(wanted) + " cannot be had here: " + why);
  error.set_hint("`ibuild doctor` shows what can");
  throw error;
}

IsolationChoice enter_chroot(const std::string& store, const std::string& reason) {
  const auto probe = sandbox::probe_profile("chroot", store);
  if (!probe.usable) refuse("chroot", probe.reason);
  return {.profile = Profile::chroot, .reason = reason};
}

/// Inside a user namespace, or as root.
IsolationChoice choose_pids(Isolation wanted) {
  const std::string why_shared = sandbox::why_no_own_proc();
  if (why_shared.empty()) return {.profile = Profile::namespaces, .reason = {}};
  if (wanted == Isolation::rootless) refuse("rootless", why_shared);
  return {.profile = Profile::shared_pids, .reason = why_shared};
}

}  // namespace

std::string_view name_of_fallback(const IsolationChoice& choice) {
  if (choice.profile == Profile::shared_pids) return "shared-pids";
  return choice.profile == Profile::chroot ? "chroot" : "";
}

Isolation parse_isolation(std::string_view text) {
  if (text.empty() || text == "auto" || text == "default") return Isolation::automatic;
  if (text == "root") return Isolation::root;
  if (text == "rootless") return Isolation::rootless;
  if (text == "shared-pids") return Isolation::shared_pids;
  if (text == "chroot") return Isolation::chroot;
  if (text == "none") return Isolation::none;
  base::UsageError error("--isolation=" + base::printable(text) + " is not known");
  error.set_hint("use auto, root, rootless, shared-pids, chroot or none");
  throw error;
}

IsolationChoice enter_isolation(Isolation wanted, const std::string& store, int argc, char** argv) {
  if (wanted == Isolation::none) {
    return {.profile = Profile::none, .reason = "--isolation=none was asked for"};
  }
  if (wanted == Isolation::chroot) return enter_chroot(store, "--isolation=chroot was asked for");
  std::string why_not;
  const auto privilege = sandbox::enter_user_namespace(argc, argv, why_not);
  if (wanted == Isolation::root && privilege != Privilege::root) {
    const std::string more = privilege == Privilege::none ? "; " + why_not : "";
    refuse("root", "it needs root with the right to mount" + more);
  }
  if (wanted == Isolation::rootless && privilege == Privilege::root) {
    refuse("rootless", "root uses the profile `root`");
  }
  if (wanted == Isolation::rootless && privilege == Privilege::none) refuse("rootless", why_not);
  if (wanted == Isolation::shared_pids) {
    if (privilege == Privilege::none) refuse("shared-pids", why_not);
    return {.profile = Profile::shared_pids, .reason = "--isolation=shared-pids was asked for"};
  }
  if (privilege != Privilege::none) return choose_pids(wanted);
  const auto chroot = sandbox::probe_profile("chroot", store);
  if (chroot.usable) return {.profile = Profile::chroot, .reason = why_not};
  return {.profile = Profile::none,
          .reason = "namespaces: " + why_not + "; chroot: " + chroot.reason};
}

std::unique_ptr<sandbox::Sandbox> make_sandbox(const IsolationChoice& choice) {
  switch (choice.profile) {
    case Profile::namespaces:
      return sandbox::make_namespace_sandbox();
    case Profile::shared_pids:
      return sandbox::make_namespace_sandbox(sandbox::PidNamespace::shared);
    case Profile::chroot:
      return sandbox::make_chroot_sandbox();
    case Profile::none:
      break;
  }
  return nullptr;
}

std::unique_ptr<layers::SnapshotBackend> make_snapshots(const IsolationChoice& choice,
                                                        const layers::Store& store) {
  switch (choice.profile) {
    case Profile::namespaces:
    case Profile::shared_pids:
      return layers::make_snapshot_backend(store.layers(), store.temp());
    case Profile::chroot:
      return layers::make_plain_backend(store.layers(), store.temp());
    case Profile::none:
      break;
  }
  return nullptr;
}

}  // namespace ibuild::cli
