#include "tests/support/forked.h"

#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <iostream>

#include "base/error.h"

namespace ibuild::test {

bool passes_in_fork(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child < 0) throw base::SystemError("fork", "");
  if (child == 0) {
    bool passed = false;
    try {
      passed = body();
    } catch (const std::exception& error) {
      std::cerr << "in forked child: " << error.what() << "\n";
    }
    ::_exit(passed ? 0 : 1);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child) throw base::SystemError("waitpid", "");
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void become_ordinary_user() {
  constexpr unsigned kNobody = 65534;
  if (::geteuid() != 0) return;
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
      ::setresuid(kNobody, kNobody, kNobody) != 0) {
    throw base::SystemError("become an ordinary user", "");
  }
}

namespace {

void filter_system_call(long number, std::uint32_t action) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{4, program};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    throw base::SystemError("install seccomp filter", "");
  }
}

}  // namespace

void deny_system_call(long number, int error_number) {
  filter_system_call(number, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error_number));
}

void end_at_system_call(long number) { filter_system_call(number, SECCOMP_RET_KILL_PROCESS); }

}  // namespace ibuild::test
