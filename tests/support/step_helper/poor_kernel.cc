#include "tests/support/step_helper/poor_kernel.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
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

std::uint32_t answer_of(int error) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error); }

class Filter {
 public:
  Filter() { add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))); }

  void deny(long number, int error) {
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1));
    add(BPF_STMT(BPF_RET | BPF_K, answer_of(error)));
  }

  /// With this bit in the first argument.
  void deny_flag(long number, std::uint32_t flag, int error) {
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 4));
    add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)));
    add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flag, 0, 1));
    add(BPF_STMT(BPF_RET | BPF_K, answer_of(error)));
    add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }

  void deny_user_namespaces(int error) {
    deny_flag(SYS_unshare, CLONE_NEWUSER, error);
    deny_flag(SYS_clone, CLONE_NEWUSER, error);
    deny(SYS_clone3, ENOSYS);  // no filter sees its flags
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
  const int error = std::string_view(argv[2]) == "EPERM" ? EPERM : ENOSYS;
  Filter filter;
  std::istringstream names(argv[3]);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == "userns") {
      filter.deny_user_namespaces(error);
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
