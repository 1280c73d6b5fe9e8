#pragma once

#include <linux/seccomp.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/owner_record.h"
#include "base/unique_fd.h"
#include "sandbox/channel.h"
#include "sandbox/child/keeper/credentials.h"
#include "sandbox/child/keeper/owner_book.h"
#include "sandbox/child/keeper/owner_call.h"
#include "sandbox/child/keeper/remake.h"
#include "sandbox/child/keeper/task.h"

namespace ibuild::sandbox {

/// What the system call that was heard of gives.
struct CallAnswer {
  enum class Kind { go_on, value, error, descriptor };
  Kind kind = Kind::go_on;  // the kernel does what was asked for
  std::int64_t value = 0;
  int error = 0;
  base::UniqueFd fd;  // the task gets it as a new descriptor
  bool fd_closes_on_exec = false;

  static CallAnswer go_on() { return {}; }
  static CallAnswer of(std::int64_t value) { return {Kind::value, value, 0, {}, false}; }
  static CallAnswer failed(int error) { return {Kind::error, 0, error, {}, false}; }
  static CallAnswer done_or(int error) { return error == 0 ? of(0) : failed(error); }
};

/// One system call that waits.
struct WaitingCall {
  int listener;
  const seccomp_notif& notif;
  HeardCall heard;
  Task task;

  std::uint64_t argument(std::size_t index) const { return notif.data.args[index]; }
  int int_argument(std::size_t index) const { return static_cast<int>(argument(index)); }
  /// An id: 16-bit ones are widened, -1 stays -1.
  std::uint32_t id_argument(std::size_t index) const;
  std::string path_argument(std::size_t index) const { return task.read_path(argument(index)); }
  /// To be called after the last look at the task and before anything is done.
  /// Throws: SystemError when it does not wait any more.
  void must_still_wait() const;
  /// Writes to the task's memory, and to no other's that has got its number. EFAULT.
  void give(std::uint64_t address, std::span<const std::byte> bytes) const;
};

/// What a keeper starts with.
struct KeeperStart {
  Credentials first;
  std::vector<base::SpecialOwner> special;
};
std::string encode_start(const KeeperStart& start);
/// Throws: ContentError.
KeeperStart decode_start(std::string_view bytes);

/// What the answers rest on.
struct KeeperState {
  CredentialTable credentials;
  OwnerBook book;
  StepMounts mounts;
  StepAge age;

  /// `first_process` of the step is where its programs begin.
  KeeperState(const KeeperStart& start, pid_t first_process);
  /// Whether a file is one that remake() is for: a link or fifo of an overlay that the step began
  /// with, or that may be a copy of such a one.
  bool must_remake(int fd, const struct stat& info) const;
  const Credentials& of(const Task& task) const {
    return credentials.at(task.credentials_number());
  }
};

// The answers, by kind of call. Throw SystemError: the call fails with that.
CallAnswer answer_id_call(const WaitingCall& call, KeeperState& state);
CallAnswer answer_chown(const WaitingCall& call, KeeperState& state);
CallAnswer answer_making(const WaitingCall& call, KeeperState& state);
CallAnswer answer_moving(const WaitingCall& call, KeeperState& state);
CallAnswer answer_stat(const WaitingCall& call, KeeperState& state);

/// Body of the keeper: answers, by `state`, what the step's filter asks on `listener` until `line`
/// gives a frame, then sends the owners of special files on it. Ends as well when `line` is closed.
/// Requires: a process of its own, with the rights over the step that its supervisor has.
[[noreturn]] void keep_owners(base::UniqueFd listener, Channel line, KeeperState state,
                              const HeardCalls& calls) noexcept;

}  // namespace ibuild::sandbox
