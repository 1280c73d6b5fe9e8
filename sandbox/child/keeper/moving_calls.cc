// answer_moving of sandbox/child/keeper/owner_keeper.h. See: rename(2), link(2), chmod(2),
// utimensat(2).
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "sandbox/child/keeper/owner_keeper.h"

namespace ibuild::sandbox {

namespace {

/// The file that a call names, by the arguments that do it.
struct NamedFile {
  int dir = AT_FDCWD;
  std::size_t path = 0;  // the argument
  LastLink last = LastLink::follow;
};

NamedFile file_of(const WaitingCall& call) {
  switch (call.heard.call) {
    case OwnerCall::rename:
    case OwnerCall::link:
      return {.last = LastLink::stay};
    case OwnerCall::renameat:
    case OwnerCall::renameat2:
      return {call.int_argument(0), 1, LastLink::stay};
    case OwnerCall::linkat:
      return {call.int_argument(0), 1,
              (call.int_argument(4) & AT_SYMLINK_FOLLOW) != 0 ? LastLink::follow : LastLink::stay};
    case OwnerCall::change_at:
      return {call.int_argument(0), 1, LastLink::follow};
    case OwnerCall::change_at_flags:
      return {
          call.int_argument(0), 1,
          (call.int_argument(3) & AT_SYMLINK_NOFOLLOW) != 0 ? LastLink::stay : LastLink::follow};
    default:
      return {};
  }
}

/// What overlayfs would copy now, and forget the number of, is made anew before.
void settle(const WaitingCall& call, KeeperState& state, const NamedFile& named) {
  const std::string path = call.path_argument(named.path);
  const NewPlace place = named.last == LastLink::stay
                             ? find_place_for(call.task, named.dir, path)
                             : find_place_behind(call.task, named.dir, path);
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
    settle(call, state, file_of(call));
    const bool has_flags = call.heard.call == OwnerCall::renameat2;
    if (has_flags && (call.argument(4) & RENAME_EXCHANGE) != 0) {
      settle(call, state, {call.int_argument(2), 3, LastLink::stay});
    }
  } catch (const base::SystemError&) {
    // The kernel says it better.
  }
  return CallAnswer::go_on();
}

}  // namespace ibuild::sandbox
