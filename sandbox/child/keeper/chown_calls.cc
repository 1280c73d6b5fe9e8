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
  std::optional<NewPlace> place = {};  // where the file stands, when it is named without links
};

/// By a path whose last name is not followed.
ChownRequest read_link_request(const WaitingCall& call, int dir, const std::string& path) {
  ChownRequest request{.file = open_for(call.task, dir, path, LastLink::stay)};
  struct stat info {};
  if (::fstat(request.file.get(), &info) == 0 && !OwnerBook::can_bear_record(info)) {
    request.place = find_place_for(call.task, dir, path);
  }
  return request;
}

ChownRequest read_request(const WaitingCall& call) {
  switch (call.heard.call) {
    case OwnerCall::fchown:
      return {call.task.open_fd(call.int_argument(0)), call.id_argument(1), call.id_argument(2)};
    case OwnerCall::chown:
      return {open_for(call.task, AT_FDCWD, call.path_argument(0), LastLink::follow),
              call.id_argument(1), call.id_argument(2)};
    case OwnerCall::lchown: {
      ChownRequest request = read_link_request(call, AT_FDCWD, call.path_argument(0));
      request.uid = call.id_argument(1);
      request.gid = call.id_argument(2);
      return request;
    }
    default:
      break;
  }
  const int flags = call.int_argument(4);
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
    throw base::SystemError(EINVAL, "chown", "");
  }
  const int dir = call.int_argument(0);
  const std::string path = call.path_argument(1);
  ChownRequest request;
  if (path.empty() && (flags & AT_EMPTY_PATH) != 0) {
    request.file = dir == AT_FDCWD ? call.task.open_working_dir() : call.task.open_fd(dir);
  } else if ((flags & AT_SYMLINK_NOFOLLOW) != 0) {
    request = read_link_request(call, dir, path);
  } else {
    request.file = open_for(call.task, dir, path, LastLink::follow);
  }
  request.uid = call.id_argument(2);
  request.gid = call.id_argument(3);
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

/// See remake().
void remake_if_needed(ChownRequest& request, const KeeperState& state, const struct stat& info) {
  if (!request.place || !state.must_remake(request.file.get(), info)) return;
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
  ChownRequest request = read_request(call);
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
