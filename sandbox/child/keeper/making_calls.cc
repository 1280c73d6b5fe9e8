// answer_making of sandbox/child/keeper/owner_keeper.h: what makes files, by those that count as
// other users than root, in setgid directories, and devices. See: open(2), mknod(2), mkdir(2),
// symlink(2).
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "sandbox/child/keeper/owner_keeper.h"
#include "sandbox/child/keeper/path_walk.h"

namespace ibuild::sandbox {

namespace {

constexpr mode_t kModeBits = 07777;
constexpr int kTemporary = O_TMPFILE & ~O_DIRECTORY;
constexpr std::uint64_t kLastFlag = 0x7fffffff;

struct stat stat_of(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw base::SystemError("stat", "");
  return info;
}

void check(int result) {
  if (result < 0) throw base::SystemError("make", "");
}

/// Where a call makes something. The arguments after the path come with it.
struct Making {
  NewPlace place;
  std::size_t next = 0;  // the first argument after the path
};

Making find_place(const WaitingCall& call, std::size_t path, bool has_dir) {
  const int dir = has_dir ? call.int_argument(path - 1) : AT_FDCWD;
  return {find_place_for(call.task, dir, call.path_argument(path)), path + 1};
}

/// What the caller makes in `dir` belongs to its user and group, or to the group of a setgid
/// directory.
base::OwnerRecord new_owner(const WaitingCall& call, const KeeperState& state, int dir) {
  const Credentials& mine = state.of(call.task);
  base::OwnerRecord owner{.uid = mine.user.file_system, .gid = mine.group.file_system};
  const struct stat info = stat_of(dir);
  if ((info.st_mode & S_ISGID) != 0) {
    owner.gid = state.book.find(dir, info).value_or(base::OwnerRecord{}).gid;
  }
  return owner;
}

/// What root makes needs no record, save in a setgid directory.
bool needs_no_record(const Credentials& maker, int dir) {
  return maker.makes_files_of_root() && (stat_of(dir).st_mode & S_ISGID) == 0;
}

/// Whether the kernel is to make it. So also outside the step's mounts, where we may more than the
/// step.
bool is_for_kernel(const WaitingCall& call, KeeperState& state, int dir) {
  return needs_no_record(state.of(call.task), dir) || !call.task.is_in_world(dir);
}

base::UniqueFd open_made(const NewPlace& place) {
  base::UniqueFd fd(::openat(place.dir.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) throw base::SystemError("open", "");
  return fd;
}

void note_owner(KeeperState& state, int fd, const base::OwnerRecord& owner) {
  state.book.set(fd, stat_of(fd), owner);
}

CallAnswer make_node(const WaitingCall& call, KeeperState& state, bool is_at) {
  const std::size_t path = is_at ? 1 : 0;
  const auto mode = static_cast<mode_t>(call.argument(path + 1));
  const auto device = static_cast<std::uint32_t>(call.argument(path + 2));
  const bool is_device = S_ISCHR(mode) || S_ISBLK(mode);
  const Credentials& mine = state.of(call.task);
  // The mark of overlayfs for what is deleted: anybody may make it.
  if (is_device && device == 0) return CallAnswer::go_on();
  if (is_device && !mine.is_mighty()) return CallAnswer::failed(EPERM);
  const Making making = find_place(call, path, is_at);
  const int dir = making.place.dir.get();
  if (is_device ? !call.task.is_in_world(dir) : is_for_kernel(call, state, dir)) {
    return CallAnswer::go_on();
  }
  base::OwnerRecord owner = new_owner(call, state, making.place.dir.get());
  const mode_t bits = mode & kModeBits & ~call.task.umask();
  call.must_still_wait();
  if (is_device) {
    owner.device_type = mode & S_IFMT;
    owner.device_major = major(device);
    owner.device_minor = minor(device);
  }
  const mode_t type = is_device ? S_IFREG : mode & S_IFMT;
  check(::mknodat(making.place.dir.get(), making.place.name.c_str(), type | bits, 0));
  note_owner(state, open_made(making.place).get(), owner);
  return CallAnswer::of(0);
}

CallAnswer make_directory(const WaitingCall& call, KeeperState& state, bool is_at) {
  const Making making = find_place(call, is_at ? 1 : 0, is_at);
  if (is_for_kernel(call, state, making.place.dir.get())) return CallAnswer::go_on();
  const auto mode = static_cast<mode_t>(call.argument(making.next)) & kModeBits;
  const base::OwnerRecord owner = new_owner(call, state, making.place.dir.get());
  const mode_t mask = call.task.umask();
  call.must_still_wait();
  check(::mkdirat(making.place.dir.get(), making.place.name.c_str(), mode & ~mask));
  note_owner(state, open_made(making.place).get(), owner);
  return CallAnswer::of(0);
}

CallAnswer make_link(const WaitingCall& call, KeeperState& state, bool is_at) {
  const std::string text = call.path_argument(0);
  const Making making = find_place(call, is_at ? 2 : 1, is_at);
  if (is_for_kernel(call, state, making.place.dir.get())) return CallAnswer::go_on();
  const base::OwnerRecord owner = new_owner(call, state, making.place.dir.get());
  call.must_still_wait();
  check(::symlinkat(text.c_str(), making.place.dir.get(), making.place.name.c_str()));
  note_owner(state, open_made(making.place).get(), owner);
  return CallAnswer::of(0);
}

/// What one of the open calls asks for.
struct Opening {
  int dir = AT_FDCWD;
  std::string path;
  std::uint64_t flags = 0;
  mode_t mode = 0;
  std::uint64_t resolve = 0;
};

Opening read_opening(const WaitingCall& call) {
  const auto flags_at = [&](std::size_t index) {
    return std::uint64_t{static_cast<std::uint32_t>(call.argument(index))};
  };
  switch (call.heard.call) {
    case OwnerCall::creat:
      return {AT_FDCWD, call.path_argument(0), O_CREAT | O_WRONLY | O_TRUNC,
              static_cast<mode_t>(call.argument(1)), 0};
    case OwnerCall::open:
      return {AT_FDCWD, call.path_argument(0), flags_at(1), static_cast<mode_t>(call.argument(2)),
              0};
    case OwnerCall::openat:
      return {call.int_argument(0), call.path_argument(1), flags_at(2),
              static_cast<mode_t>(call.argument(3)), 0};
    default:
      break;
  }
  open_how how{};
  std::byte bytes[sizeof how] = {};
  const std::size_t size = std::min<std::uint64_t>(call.argument(3), sizeof how);
  call.task.read(call.argument(2), std::span(bytes).first(size));
  std::memcpy(&how, bytes, sizeof how);
  return {call.int_argument(0), call.path_argument(1), how.flags, static_cast<mode_t>(how.mode),
          how.resolve};
}

CallAnswer give_descriptor(base::UniqueFd fd, const Opening& opening) {
  CallAnswer answer;
  answer.kind = CallAnswer::Kind::descriptor;
  answer.fd = std::move(fd);
  answer.fd_closes_on_exec = (opening.flags & O_CLOEXEC) != 0;
  return answer;
}

CallAnswer open_temporary(const WaitingCall& call, KeeperState& state, const Opening& opening) {
  const base::UniqueFd dir =
      opening.resolve == 0 ? open_for(call.task, opening.dir, opening.path, LastLink::follow)
                           : open_resolved(call.task, opening.dir, opening.path, opening.resolve);
  if (is_for_kernel(call, state, dir.get())) return CallAnswer::go_on();
  const base::OwnerRecord owner = new_owner(call, state, dir.get());
  const mode_t mode = opening.mode & kModeBits & ~call.task.umask();
  call.must_still_wait();
  const int flags = static_cast<int>(opening.flags) | O_CLOEXEC;
  base::UniqueFd fd(::openat(dir.get(), ".", flags, mode));
  check(fd.get());
  note_owner(state, fd.get(), owner);
  return give_descriptor(std::move(fd), opening);
}

/// Only what is not there yet: all else is for the kernel.
CallAnswer open_new(const WaitingCall& call, KeeperState& state, const Opening& opening) {
  const NewPlace place = find_place_for(call.task, opening.dir, opening.path, opening.resolve);
  if (is_for_kernel(call, state, place.dir.get())) return CallAnswer::go_on();
  struct stat there {};
  if (::fstatat(place.dir.get(), place.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0) {
    return CallAnswer::go_on();
  }
  const base::OwnerRecord owner = new_owner(call, state, place.dir.get());
  const mode_t mode = opening.mode & kModeBits & ~call.task.umask();
  call.must_still_wait();
  const int flags = static_cast<int>(opening.flags) | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  base::UniqueFd fd(::openat(place.dir.get(), place.name.c_str(), flags, mode));
  if (!fd && errno == EEXIST) return CallAnswer::go_on();
  check(fd.get());
  note_owner(state, fd.get(), owner);
  return give_descriptor(std::move(fd), opening);
}

/// As far as we can resolve it as the kernel would: see open_resolved.
bool can_resolve(std::uint64_t resolve) {
  return resolve == 0 ||
         ((resolve & RESOLVE_CACHED) == 0 && (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) != 0);
}

CallAnswer make_by_open(const WaitingCall& call, KeeperState& state) {
  const Opening opening = read_opening(call);
  if (!can_resolve(opening.resolve)) return CallAnswer::go_on();
  // A descriptor of a place, or what the kernel refuses.
  if ((opening.flags & O_PATH) != 0 || opening.flags > kLastFlag) return CallAnswer::go_on();
  if ((opening.flags & kTemporary) != 0) return open_temporary(call, state, opening);
  if ((opening.flags & O_CREAT) == 0 || opening.path.ends_with('/')) return CallAnswer::go_on();
  return open_new(call, state, opening);
}

}  // namespace

CallAnswer answer_making(const WaitingCall& call, KeeperState& state) {
  switch (call.heard.call) {
    case OwnerCall::mknod:
    case OwnerCall::mknodat:
      return make_node(call, state, call.heard.call == OwnerCall::mknodat);
    case OwnerCall::mkdir:
    case OwnerCall::mkdirat:
      return make_directory(call, state, call.heard.call == OwnerCall::mkdirat);
    case OwnerCall::symlink:
    case OwnerCall::symlinkat:
      return make_link(call, state, call.heard.call == OwnerCall::symlinkat);
    default:
      return make_by_open(call, state);
  }
}

}  // namespace ibuild::sandbox
