#include "tests/support/step_helper/poor_kernel.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr int kCannotRun = 126;

constexpr std::pair<std::string_view, long> kNames[] = {
    {"clone3", SYS_clone3},
    {"umount2", SYS_umount2},
    {"mount", SYS_mount},
    {"chroot", SYS_chroot},
    {"close_range", SYS_close_range},
    {"copy_file_range", SYS_copy_file_range},
    {"faccessat2", SYS_faccessat2},
    {"flock", SYS_flock},
    {"fsconfig", SYS_fsconfig},
    {"fsmount", SYS_fsmount},
    {"fsopen", SYS_fsopen},
    {"memfd_create", SYS_memfd_create},
    {"mount_setattr", SYS_mount_setattr},
    {"move_mount", SYS_move_mount},
    {"open_tree", SYS_open_tree},
    {"openat2", SYS_openat2},
    {"pidfd_open", SYS_pidfd_open},
    {"pidfd_send_signal", SYS_pidfd_send_signal},
    {"pivot_root", SYS_pivot_root},
    {"process_vm_readv", SYS_process_vm_readv},
    {"renameat2", SYS_renameat2},
    {"seccomp", SYS_seccomp},
    {"setns", SYS_setns},
    {"statx", SYS_statx},
    {"unshare", SYS_unshare},
};

long number_of(std::string_view name) {
  for (const auto& [known, number] : kNames) {
    if (known == name) return number;
  }
  return -1;
}

constexpr int kEnd = 0;  // in place of an error number

std::uint32_t answer_of(int error) {
  if (error == kEnd) return SECCOMP_RET_KILL_PROCESS;
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

int error_of(std::string_view name) {
  if (name == "SIGSYS") return kEnd;
  return name == "EPERM" ? EPERM : ENOSYS;
}

class Filter {
 public:
  Filter() { add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))); }

  void deny(long number, int error) {
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1));
    add(BPF_STMT(BPF_RET | BPF_K, answer_of(error)));
  }

  /// With one of these bits in an argument, counted from 0.
  void deny_bits(long number, unsigned argument, std::uint32_t bits, int error) {
    const auto place =
        static_cast<std::uint32_t>(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 4));
    add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, place));
    add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
    add(BPF_STMT(BPF_RET | BPF_K, answer_of(error)));
    add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }

  void deny_user_namespaces(int error) {
    deny_bits(SYS_unshare, 0, CLONE_NEWUSER, error);
    deny_bits(SYS_clone, 0, CLONE_NEWUSER, error);
    deny(SYS_clone3, ENOSYS);  // no filter sees its flags
  }

  /// As RestrictSUIDSGID= of a systemd unit: of chmod(2) and its kind, with such a mode.
  void deny_setuid(int error) {
    deny_bits(SYS_chmod, 1, S_ISUID | S_ISGID, error);
    deny_bits(SYS_fchmod, 1, S_ISUID | S_ISGID, error);
    deny_bits(SYS_fchmodat, 2, S_ISUID | S_ISGID, error);
  }

  /// Setuid programs work under it where that can be had.
  bool load() {
    add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    const auto try_load = [&] { return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program); };
    return try_load() == 0 || (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && try_load() == 0);
  }

 private:
  void add(const sock_filter& instruction) { code_.push_back(instruction); }

  std::vector<sock_filter> code_;
};

}  // namespace

int without(int argc, char** argv) {
  if (argc < 5) return kCannotRun;
  const int error = error_of(argv[2]);
  Filter filter;
  std::istringstream names(argv[3]);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == "userns") {
      filter.deny_user_namespaces(error);
    } else if (name == "setuid") {
      filter.deny_setuid(error);
    } else if (const long number = number_of(name); number >= 0) {
      filter.deny(number, error);
    } else {
      std::fprintf(stderr, "step_helper knows no system call %s\n", name.c_str());
      return kCannotRun;
    }
  }
  if (filter.load()) ::execvp(argv[4], argv + 4);
  std::perror(argv[4]);
  return kCannotRun;
}
