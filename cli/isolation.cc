#include "cli/isolation.h"

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

namespace {

using sandbox::Privilege;

[[noreturn]] void refuse(std::string_view wanted, const std::string& why) {
  base::UsageError error("--isolation=" + std::string(wanted) + " cannot be had here: " + why);
  error.set_hint("`ibuild doctor` shows what can");
  throw error;
}

}  // namespace

Isolation parse_isolation(std::string_view text) {
  if (text.empty() || text == "auto") return Isolation::automatic;
  if (text == "root") return Isolation::root;
  if (text == "rootless") return Isolation::rootless;
  if (text == "none") return Isolation::none;
  if (text == "chroot") throw base::UsageError("--isolation=chroot is not supported");
  base::UsageError error("--isolation=" + base::printable(text) + " is not known");
  error.set_hint("use auto, root, rootless or none");
  throw error;
}

IsolationChoice enter_isolation(Isolation wanted, int argc, char** argv) {
  if (wanted == Isolation::none)
    return {.can_run = false, .reason = "--isolation=none was asked for"};
  std::string why_not;
  const auto privilege = sandbox::enter_user_namespace(argc, argv, why_not);
  if (wanted == Isolation::root && privilege != Privilege::root) {
    refuse("root", "it needs root with the right to mount");
  }
  if (wanted == Isolation::rootless && privilege == Privilege::root) {
    refuse("rootless", "root uses the profile `root`");
  }
  if (wanted == Isolation::rootless && privilege == Privilege::none) refuse("rootless", why_not);
  if (privilege == Privilege::none) return {.can_run = false, .reason = why_not};
  return {.can_run = true, .reason = {}};
}

}  // namespace ibuild::cli
