// See: seccomp_unotify(2).
#include "sandbox/child/keeper/owner_keeper.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/error.h"
#include "sandbox/special_owners_codec.h"
#include "sandbox/wire.h"

// Since Linux 5.14 and 6.6; the headers here may be older.
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

namespace ibuild::sandbox {

namespace {

void write_ids(WireWriter& out, const IdSet& ids) {
  for (std::uint32_t id : {ids.real, ids.effective, ids.saved, ids.file_system}) out.number(id);
}

IdSet read_ids(WireReader& in) {
  IdSet ids;
  for (auto part : {&IdSet::real, &IdSet::effective, &IdSet::saved, &IdSet::file_system}) {
    ids.*part = in.number<std::uint32_t>();
  }
  return ids;
}

CallAnswer answer(const WaitingCall& call, KeeperState& state) {
  switch (call.heard.call) {
    case OwnerCall::chown:
    case OwnerCall::fchown:
    case OwnerCall::lchown:
    case OwnerCall::fchownat:
      return answer_chown(call, state);
    case OwnerCall::mknod:
    case OwnerCall::mknodat:
    case OwnerCall::mkdir:
    case OwnerCall::mkdirat:
    case OwnerCall::symlink:
    case OwnerCall::symlinkat:
    case OwnerCall::creat:
    case OwnerCall::open:
    case OwnerCall::openat:
    case OwnerCall::openat2:
      return answer_making(call, state);
    case OwnerCall::rename:
    case OwnerCall::renameat:
    case OwnerCall::renameat2:
    case OwnerCall::link:
    case OwnerCall::linkat:
    case OwnerCall::change:
    case OwnerCall::change_at:
    case OwnerCall::change_at_flags:
      return answer_moving(call, state);
    case OwnerCall::stat:
    case OwnerCall::lstat:
    case OwnerCall::fstat:
    case OwnerCall::fstatat:
    case OwnerCall::statx:
      return answer_stat(call, state);
    default:
      return answer_id_call(call, state);
  }
}

class OwnerKeeper {
 public:
  OwnerKeeper(base::UniqueFd listener, KeeperState state, const HeardCalls& calls)
      : listener_(std::move(listener)), calls_(calls), state_(std::move(state)) {
    // Asker and keeper take turns: one processor will do. Older kernels do not know how.
    ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  }

  /// Until `line` has something to say.
  void serve(const Channel& line) {
    for (;;) {
      std::array<pollfd, 2> events = {{{listener_.get(), POLLIN, 0}, {line.fd(), POLLIN, 0}}};
      if (::poll(events.data(), events.size(), -1) < 0) {
        if (errno == EINTR) continue;
        throw base::SystemError("poll", "");
      }
      if (events[1].revents != 0) return;
      if ((events[0].revents & POLLIN) != 0) {
        serve_one();
      } else if (events[0].revents != 0) {
        listener_.reset();  // nobody is left to ask; poll passes over it
      }
    }
  }
  const base::SpecialOwners& special_owners() const { return state_.book.special(); }

 private:
  void serve_one() {
    seccomp_notif notif{};
    // ENOENT: the asker has been killed meanwhile.
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &notif) != 0) return;
    CallAnswer given = CallAnswer::go_on();
    // 0: in no pid namespace of ours.
    if (notif.pid == 0) return send(notif.id, CallAnswer::failed(EPERM));
    const auto heard = calls_.find({notif.data.arch, static_cast<std::uint32_t>(notif.data.nr)});
    try {
      if (heard != calls_.end()) {
        const WaitingCall call{listener_.get(), notif, heard->second,
                               Task(static_cast<pid_t>(notif.pid), state_.mounts)};
        given = answer(call, state_);
      }
    } catch (const base::SystemError& error) {
      given = CallAnswer::failed(error.error_number());
    }
    send(notif.id, given);
  }

  void send(std::uint64_t id, const CallAnswer& given) {
    seccomp_notif_resp response{};
    response.id = id;
    switch (given.kind) {
      case CallAnswer::Kind::go_on:
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        break;
      case CallAnswer::Kind::value:
        response.val = given.value;
        break;
      case CallAnswer::Kind::error:
        response.error = -given.error;
        break;
      case CallAnswer::Kind::descriptor:
        if (send_descriptor(id, given, response)) return;
    }
    // ENOENT: it does not wait any more.
    ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);
  }

  /// True when the answer is given with it; else `response` is what is left to send.
  bool send_descriptor(std::uint64_t id, const CallAnswer& given, seccomp_notif_resp& response) {
    seccomp_notif_addfd add{};
    add.id = id;
    add.srcfd = static_cast<std::uint32_t>(given.fd.get());
    add.newfd_flags = given.fd_closes_on_exec ? O_CLOEXEC : 0;
    add.flags = SECCOMP_ADDFD_FLAG_SEND;
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0) return true;
    if (errno == EINVAL) {
      add.flags = 0;
      response.val = ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &add);
    } else {
      response.val = -1;
    }
    if (response.val < 0) {
      response.error = -errno;
      response.val = 0;
    }
    return false;
  }

  base::UniqueFd listener_;
  const HeardCalls& calls_;
  KeeperState state_;
};

}  // namespace

std::uint32_t WaitingCall::id_argument(std::size_t index) const {
  const auto id = static_cast<std::uint32_t>(argument(index));
  if (!heard.is_narrow) return id;
  const auto narrow = static_cast<std::uint16_t>(id);
  return narrow == 0xffff ? kSameId : narrow;
}

void WaitingCall::must_still_wait() const {
  std::uint64_t id = notif.id;
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) != 0) {
    throw base::SystemError(ESRCH, "wait", "");
  }
}

void WaitingCall::give(std::uint64_t address, std::span<const std::byte> bytes) const {
  // Opened first: it stays that of the one who waits.
  const base::UniqueFd memory = task.open_memory();
  must_still_wait();
  const ssize_t count =
      ::pwrite(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(address));
  if (count < 0 || static_cast<std::size_t>(count) != bytes.size()) {
    throw base::SystemError(EFAULT, "write memory", "");
  }
}

std::string encode_start(const KeeperStart& start) {
  WireWriter out;
  write_ids(out, start.first.user);
  write_ids(out, start.first.group);
  out.number<std::uint64_t>(start.first.groups.size());
  for (std::uint32_t gid : start.first.groups) out.number(gid);
  write_special_owners(out, start.special);
  return out.bytes();
}

KeeperStart decode_start(std::string_view bytes) {
  WireReader in(bytes);
  KeeperStart start;
  start.first.user = read_ids(in);
  start.first.group = read_ids(in);
  for (auto count = in.number<std::uint64_t>(); count > 0; --count) {
    start.first.groups.push_back(in.number<std::uint32_t>());
  }
  start.special = read_special_owners(in);
  in.expect_end();
  return start;
}

KeeperState::KeeperState(const KeeperStart& start, pid_t first_process)
    : credentials(start.first), book(base::SpecialOwners(start.special)) {
  mounts.add_of(first_process);
}

bool KeeperState::must_remake(int fd, const struct stat& info) const {
  if (!S_ISLNK(info.st_mode) && !S_ISFIFO(info.st_mode)) return false;
  struct statfs system {};
  if (::fstatfs(fd, &system) != 0 ||
      static_cast<unsigned long>(system.f_type) != OVERLAYFS_SUPER_MAGIC) {
    return false;
  }
  if (age.is_older(fd)) return true;
  // What was copied up looks new. It has one name; what has more was made by the step.
  return info.st_nlink == 1 && !book.special().has_exactly(base::identity_of(fd));
}

void keep_owners(base::UniqueFd listener, Channel line, KeeperState state,
                 const HeardCalls& calls) noexcept {
  try {
    ::prctl(PR_SET_NAME, "ibuild-keeper", 0, 0, 0);
    ::umask(0);
    OwnerKeeper keeper(std::move(listener), std::move(state), calls);
    keeper.serve(line);
    WireWriter out;
    write_special_owners(out, keeper.special_owners().list());
    if (line.receive()) line.send(out.bytes());
  } catch (const std::exception&) {
    ::_exit(1);  // its supervisor misses the answer, and says so
  }
  ::_exit(0);
}

}  // namespace ibuild::sandbox
