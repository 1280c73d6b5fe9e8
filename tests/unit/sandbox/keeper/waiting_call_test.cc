#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <functional>
#include <span>

#include "base/error.h"
#include "sandbox/child/keeper/owner_keeper.h"

namespace ibuild::sandbox {
namespace {

/// A process that waits in getppid(2) for an answer, and the question as it was heard.
class Asker {
 public:
  Asker() {
    auto [line, far_line] = Channel::open_pair();
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) ask(far_line);
    far_line.close();
    auto frame = line.receive();
    REQUIRE(frame);
    REQUIRE(frame->fds.size() == 1);
    listener_ = std::move(frame->fds.front());
    REQUIRE(::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &notif_) == 0);
  }
  ~Asker() { kill(); }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  void kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  /// The question, as if process `pid` had asked it.
  WaitingCall call_of(pid_t pid) {
    return {listener_.get(), notif_, {OwnerCall::get_uid}, Task(pid, mounts_)};
  }
  pid_t pid() const { return pid_; }

 private:
  [[noreturn]] static void ask(const Channel& line) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{4, program};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const int fd = static_cast<int>(
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter));
    if (fd < 0) ::_exit(1);
    line.send("L", {&fd, 1});
    ::syscall(SYS_getppid);
    ::_exit(0);
  }

  pid_t pid_ = -1;
  base::UniqueFd listener_;
  seccomp_notif notif_{};
  StepMounts mounts_;
};

std::uint64_t address_of(const void* place) { return reinterpret_cast<std::uintptr_t>(place); }

int error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::SystemError& error) {
    return error.error_number();
  }
  return 0;
}

TEST_CASE("waiting call: as long as it waits its memory can be written", "[sandbox]") {
  Asker asker;
  static int place = 5;
  const int value = 7;
  const WaitingCall call = asker.call_of(asker.pid());
  CHECK(error_of([&] { call.must_still_wait(); }) == 0);
  CHECK(error_of([&] { call.give(address_of(&place), std::as_bytes(std::span(&value, 1))); }) == 0);
  int there = 0;
  call.task.read(address_of(&place), std::as_writable_bytes(std::span(&there, 1)));
  CHECK(there == 7);
  CHECK(place == 5);  // ours
  CHECK(error_of([&] { call.give(8, std::as_bytes(std::span(&value, 1))); }) == EFAULT);
}

TEST_CASE("waiting call: nothing is done for one that has ended, nor to who has its number",
          "[sandbox]") {
  Asker asker;
  asker.kill();
  int place = 5;
  const int value = 7;
  // As if this process had got the number.
  const WaitingCall call = asker.call_of(::getpid());
  CHECK(error_of([&] { call.must_still_wait(); }) == ESRCH);
  CHECK(error_of([&] { call.give(address_of(&place), std::as_bytes(std::span(&value, 1))); }) ==
        ESRCH);
  CHECK(place == 5);
}

TEST_CASE("waiting call: 16-bit ids are widened, and -1 stays -1", "[sandbox]") {
  StepMounts mounts;
  seccomp_notif notif{};
  notif.data.args[0] = 0x1ffff;
  notif.data.args[1] = 0x10007;
  const WaitingCall narrow{-1, notif, {OwnerCall::set_uid, true}, Task(::getpid(), mounts)};
  CHECK(narrow.id_argument(0) == kSameId);
  CHECK(narrow.id_argument(1) == 7);
  const WaitingCall wide{-1, notif, {OwnerCall::set_uid, false}, Task(::getpid(), mounts)};
  CHECK(wide.id_argument(1) == 0x10007);
}

TEST_CASE("waiting call: what a keeper starts with comes back as it was", "[sandbox]") {
  const KeeperStart start{.first = Credentials::of(1000, 50, {7, 60}),
                          .special = {{{1, 2, 3}, {.uid = 4, .gid = 5}}}};
  const KeeperStart again = decode_start(encode_start(start));
  CHECK(again.first == start.first);
  CHECK(again.special == start.special);
  CHECK_THROWS_AS(decode_start(encode_start(start) + "x"), base::ContentError);
  CHECK_THROWS_AS(decode_start("short"), base::ContentError);
}

}  // namespace
}  // namespace ibuild::sandbox
