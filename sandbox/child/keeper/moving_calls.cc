// answer_moving of sandbox/child/keeper/owner_keeper.h. See: rename(2), link(2).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "sandbox/child/keeper/owner_keeper.h"

namespace ibuild::sandbox {

namespace {

NewPlace find_moved(const WaitingCall& call) {
  switch (call.heard.call) {
    case OwnerCall::rename:
    case OwnerCall::link:
      return find_place_for(call.task, AT_FDCWD, call.path_argument(0));
    default:
      return find_place_for(call.task, call.int_argument(0), call.path_argument(1));
  }
}

/// What overlayfs would copy now, and forget the number of, is made anew before.
void settle(const WaitingCall& call, KeeperState& state) {
  const NewPlace place = find_moved(call);
  const base::UniqueFd file(
      ::openat(place.dir.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0 || !state.must_remake(file.get(), info)) return;
  const auto record = state.book.find(file.get(), info);
  if (!record || !call.task.is_in_world(file.get())) return;
  call.must_still_wait();
  state.book.set(remake(place, file.get()).get(), info, *record);
}

}  // namespace

CallAnswer answer_moving(const WaitingCall& call, KeeperState& state) {
  if (state.book.special().empty()) return CallAnswer::go_on();
  try {
    settle(call, state);
  } catch (const base::SystemError&) {
    // The kernel says it better.
  }
  return CallAnswer::go_on();
}

}  // namespace ibuild::sandbox
