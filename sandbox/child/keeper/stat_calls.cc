// answer_stat of sandbox/child/keeper/owner_keeper.h. See: stat(2), statx(2).
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "sandbox/child/keeper/owner_keeper.h"
#include "sandbox/child/keeper/path_walk.h"

namespace ibuild::sandbox {

namespace {

/// The file that a call asks about, and where the answer goes.
struct StatRequest {
  base::UniqueFd file;
  std::uint64_t buffer = 0;
};

base::UniqueFd open_at(const WaitingCall& call, std::size_t first, int flags) {
  const int dir = call.int_argument(first);
  const std::uint64_t address = call.argument(first + 1);
  // Newer kernels take no path at all for an empty one.
  const std::string path = address == 0 ? "" : call.task.read_path(address);
  if (!path.empty()) {
    const auto last = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? LastLink::stay : LastLink::follow;
    return open_for(call.task, dir, path, last);
  }
  if ((flags & AT_EMPTY_PATH) == 0) throw base::SystemError(ENOENT, "stat", "");
  return dir == AT_FDCWD ? call.task.open_working_dir() : call.task.open_fd(dir);
}

StatRequest read_request(const WaitingCall& call) {
  switch (call.heard.call) {
    case OwnerCall::stat:
    case OwnerCall::lstat: {
      const auto last = call.heard.call == OwnerCall::stat ? LastLink::follow : LastLink::stay;
      return {open_for(call.task, AT_FDCWD, call.path_argument(0), last), call.argument(1)};
    }
    case OwnerCall::fstat:
      return {call.task.open_fd(call.int_argument(0)), call.argument(1)};
    case OwnerCall::statx:
      return {open_at(call, 0, call.int_argument(2)), call.argument(4)};
    default:
      return {open_at(call, 0, call.int_argument(3)), call.argument(2)};
  }
}

void give_stat(const WaitingCall& call, const StatRequest& request, const base::OwnerRecord& record,
               struct stat info) {
  info.st_uid = record.uid;
  info.st_gid = record.gid;
  if (record.device_type != 0) {
    info.st_mode = (info.st_mode & ~static_cast<mode_t>(S_IFMT)) | record.device_type;
    info.st_rdev = makedev(record.device_major, record.device_minor);
  }
  call.give(request.buffer, std::as_bytes(std::span(&info, 1)));
}

void give_statx(const WaitingCall& call, const StatRequest& request,
                const base::OwnerRecord& record) {
  struct statx info {};
  constexpr int kSyncFlags = AT_STATX_SYNC_TYPE;
  const int flags = AT_EMPTY_PATH | (call.int_argument(2) & kSyncFlags);
  const auto mask = static_cast<unsigned>(call.argument(3));
  if (::statx(request.file.get(), "", flags, mask, &info) != 0) {
    throw base::SystemError("statx", "");
  }
  info.stx_uid = record.uid;
  info.stx_gid = record.gid;
  if (record.device_type != 0) {
    info.stx_mode = static_cast<std::uint16_t>((info.stx_mode & ~S_IFMT) | record.device_type);
    info.stx_rdev_major = record.device_major;
    info.stx_rdev_minor = record.device_minor;
  }
  call.give(request.buffer, std::as_bytes(std::span(&info, 1)));
}

}  // namespace

CallAnswer answer_stat(const WaitingCall& call, KeeperState& state) {
  try {
    const StatRequest request = read_request(call);
    struct stat info {};
    if (::fstat(request.file.get(), &info) != 0) return CallAnswer::go_on();
    const auto record = state.book.find(request.file.get(), info);
    if (!record) return CallAnswer::go_on();
    if (!call.task.is_in_world(request.file.get())) return CallAnswer::go_on();
    if (call.heard.call == OwnerCall::statx) {
      give_statx(call, request, *record);
    } else {
      give_stat(call, request, *record, info);
    }
    return CallAnswer::of(0);
  } catch (const base::SystemError&) {
    return CallAnswer::go_on();  // the kernel says it better
  }
}

}  // namespace ibuild::sandbox
