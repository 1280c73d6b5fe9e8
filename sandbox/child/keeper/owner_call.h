#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "sandbox/child/bpf_decision.h"

namespace ibuild::sandbox {

/// System calls that ask for or about owners.
enum class OwnerCall : std::uint8_t {
  chown,
  fchown,
  lchown,
  fchownat,
  mknod,
  mknodat,
  mkdir,
  mkdirat,
  symlink,
  symlinkat,
  creat,
  open,
  openat,
  openat2,
  rename,
  renameat,
  renameat2,
  link,
  linkat,
  change,           // of a mode or of times, by a path alone
  change_at,        // by a directory and a path
  change_at_flags,  // and with AT_… as the fourth argument
  stat,
  lstat,
  fstat,
  fstatat,
  statx,
  get_uid,
  get_euid,
  get_gid,
  get_egid,
  get_resuid,
  get_resgid,
  get_groups,
  set_uid,
  set_gid,
  set_reuid,
  set_regid,
  set_resuid,
  set_resgid,
  set_fsuid,
  set_fsgid,
  set_groups,
  process_control,
  set_limit,     // setrlimit(2)
  set_limit_of,  // prlimit(2)
};

/// How a call is named on some architecture.
struct OwnerCallName {
  std::string_view name;
  OwnerCall call;
  Verdict verdict = Verdict::ask;
  /// Of 16-bit ids on 32-bit x86 and Arm.
  bool is_old = false;
  /// Its result is a struct that differs between architectures.
  bool native_alone = false;
};
std::span<const OwnerCallName> owner_calls();
/// Those that are asked as well while a link or fifo that the step begins with is another's than
/// root: they make overlayfs copy it. Programs make them for nearly every file.
std::span<const OwnerCallName> special_file_calls();

/// A call as the keeper hears of it.
struct HeardCall {
  OwnerCall call;
  bool is_narrow = false;  // ids have 16 bits
};
/// By AUDIT_ARCH_… and number.
using HeardCalls = std::map<std::pair<std::uint32_t, std::uint32_t>, HeardCall>;

}  // namespace ibuild::sandbox
