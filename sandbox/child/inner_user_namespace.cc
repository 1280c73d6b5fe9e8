#include "sandbox/child/inner_user_namespace.h"

#include <cerrno>
#include <string>

#include "sandbox/enter_user_namespace.h"
#include "sandbox/id_map.h"
#include "sandbox/outside_helper.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

void enter_inner_user_namespace(std::string_view phase) {
  const IdMap uids = same_ids(own_uid_map());
  const IdMap gids = same_ids(own_gid_map());
  OutsideHelper helper([&](pid_t pid) { write_id_maps(pid, uids, gids); });
  if (!make_user_namespace()) {
    throw SandboxError(std::string(phase), explain_refusal(UserNamespaceStep::unshare, errno));
  }
  const std::string why_not = helper.ask();
  if (!why_not.empty()) throw SandboxError(std::string(phase), why_not);
}

}  // namespace ibuild::sandbox
