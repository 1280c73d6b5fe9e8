// answer_chown of sandbox/child/keeper/owner_keeper.h. See: chown(2).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/error.h"
#include "sandbox/child/keeper/owner_keeper.h"
#include "sandbox/child/keeper/path_walk.h"

namespace ibuild::sandbox {

namespace {

/// The file, and the owner that it is to have.
struct ChownRequest {
  base::UniqueFd file;
  std::uint32_t uid = kSameId;
  std::uint32_t gid = kSameId;
  /// Where a link or fifo seems to stand.
  std::optional<NewPlace> place = {};
};

bool needs_place(const base::UniqueFd& file) {
  struct stat info {};
  return ::fstat(file.get(), &info) == 0 && !OwnerBook::can_bear_record(info);
}

/// None for what stands nowhere any more, or has no name in the caller's root, as a pipe.
std::optional<NewPlace> try_find_place(const Task& task, int dir, const std::string& path,
                                       LastLink last) {
  try {
    return last == LastLink::stay ? find_place_for(task, dir, path)
                                  : find_place_behind(task, dir, path);
  } catch (const base::SystemError&) {
    return std::nullopt;
  }
}

ChownRequest read_path(const WaitingCall& call, int dir, const std::string& path, LastLink last) {
  ChownRequest request{.file = open_for(call.task, dir, path, last)};
  if (needs_place(request.file)) request.place = try_find_place(call.task, dir, path, last);
  return request;
}

/// What has been open for longer is not put anew when it is the step's own: who has it open would
/// not see it any more.
ChownRequest read_descriptor(const WaitingCall& call, const KeeperState& state, int number) {
  ChownRequest request{.file = call.task.open_fd(number)};
  if (needs_place(request.file) && state.age.is_older(request.file.get())) {
    const std::string path = call.task.path_of_fd(number);
    request.place = try_find_place(call.task, AT_FDCWD, path, LastLink::stay);
  }
  return request;
}

ChownRequest read_at(const WaitingCall& call, const KeeperState& state) {
  const int flags = call.int_argument(4);
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
    throw base::SystemError(EINVAL, "chown", "");
  }
  const int dir = call.int_argument(0);
  const std::string path = call.path_argument(1);
  if (path.empty() && (flags & AT_EMPTY_PATH) != 0) {
    if (dir != AT_FDCWD) return read_descriptor(call, state, dir);
    return {.file = call.task.open_working_dir()};
  }
  const auto last = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? LastLink::stay : LastLink::follow;
  return read_path(call, dir, path, last);
}

ChownRequest read_request(const WaitingCall& call, const KeeperState& state) {
  ChownRequest request;
  std::size_t ids = 1;  // the argument that is the user
  switch (call.heard.call) {
    case OwnerCall::fchown:
      request = read_descriptor(call, state, call.int_argument(0));
      break;
    case OwnerCall::chown:
      request = read_path(call, AT_FDCWD, call.path_argument(0), LastLink::follow);
      break;
    case OwnerCall::lchown:
      request = read_path(call, AT_FDCWD, call.path_argument(0), LastLink::stay);
      break;
    default:
      request = read_at(call, state);
      ids = 2;
  }
  request.uid = call.id_argument(ids);
  request.gid = call.id_argument(ids + 1);
  return request;
}

/// As the kernel checks it for a process without CAP_CHOWN.
bool may_change(const Credentials& mine, const base::OwnerRecord& owner,
                const ChownRequest& request) {
  if (mine.user.file_system == 0) return true;
  if (mine.user.file_system != owner.uid) return false;
  if (request.uid != kSameId && request.uid != owner.uid) return false;
  return request.gid == kSameId || request.gid == owner.gid || mine.is_in_group(request.gid);
}

bool stands_at(const base::UniqueFd& file, const NewPlace& place) {
  struct stat info {};
  return ::fstatat(place.dir.get(), place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         base::identity_of(place.dir.get(), place.name.c_str()) == base::identity_of(file.get());
}

/// See remake().
void remake_if_needed(ChownRequest& request, const KeeperState& state, const struct stat& info) {
  if (!request.place || !state.must_remake(request.file.get(), info)) return;
  if (!stands_at(request.file, *request.place)) return;
  request.file = remake(*request.place, request.file.get());
}

/// What else a change of owner does: the file is copied up, setuid bits and capabilities go.
void touch_owner(const ChownRequest& request) {
  const uid_t uid = request.uid == kSameId ? static_cast<uid_t>(-1) : 0;
  const gid_t gid = request.gid == kSameId ? static_cast<gid_t>(-1) : 0;
  if (::fchownat(request.file.get(), "", uid, gid, AT_EMPTY_PATH) != 0) {
    throw base::SystemError("chown", "");
  }
}

}  // namespace

CallAnswer answer_chown(const WaitingCall& call, KeeperState& state) {
  ChownRequest request = read_request(call, state);
  const Credentials& mine = state.of(call.task);
  const bool is_ours = call.task.is_in_world(request.file.get());
  call.must_still_wait();
  struct stat info {};
  if (::fstat(request.file.get(), &info) != 0) throw base::SystemError("stat", "");
  // A file of the host's that is nobody's here.
  if (info.st_uid != 0 || info.st_gid != 0) return CallAnswer::failed(EPERM);
  base::OwnerRecord owner = state.book.find(request.file.get(), info).value_or(base::OwnerRecord{});
  if (!may_change(mine, owner, request)) return CallAnswer::failed(EPERM);
  if (is_ours) remake_if_needed(request, state, info);
  if (is_ours) touch_owner(request);
  if (request.uid != kSameId) owner.uid = request.uid;
  if (request.gid != kSameId) owner.gid = request.gid;
  if (is_ours) state.book.set(request.file.get(), info, owner);
  return CallAnswer::of(0);
}

}  // namespace ibuild::sandbox
