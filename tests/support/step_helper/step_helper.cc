// Runs inside a step: does what a shell cannot, and says in one line what came of it.
//   call <number> [arguments…]   one system call: "ok" or the error's name
//   value <number> [arguments…]  the same: the number that it gave, or the error's name
//   fds                          the numbers of the open descriptors
//   write <path>                 opens a file for writing: "ok" or the error's name
//   stay                         disarms the parent-death signal, ignores SIGTERM, says "here", and
//                                waits for ever
//   daemon                       the same in the background, in a session of its own
//   keys <path>                  the comments in an ssh agent's list of keys, as bytes that print
//   own, show, make, flip, swap, paths, threads, become, limit, exchange, die
//                                see owner_calls.h
//   without                      see poor_kernel.h
#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "tests/support/step_helper/owner_calls.h"
#include "tests/support/step_helper/poor_kernel.h"

namespace {

int say(bool good) {
  std::puts(good ? "ok" : ::strerrorname_np(errno));
  return good ? 0 : 1;
}

long make_call(int argc, char** argv) {
  std::array<long, 6> arguments{};
  for (int i = 3; i < argc && i < 9; ++i) {
    arguments[static_cast<std::size_t>(i - 3)] =
        static_cast<long>(std::strtoul(argv[i], nullptr, 0));
  }
  const auto& a = arguments;
  return ::syscall(std::atol(argv[2]), a[0], a[1], a[2], a[3], a[4], a[5]);
}

int show_value(long value) {
  if (value < 0) return say(false);
  std::printf("%ld\n", value);
  return 0;
}

int list_fds() {
  DIR* dir = ::opendir("/proc/self/fd");
  if (dir == nullptr) return say(false);
  std::vector<int> numbers;
  while (const dirent* entry = ::readdir(dir)) {
    const int number = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && number != ::dirfd(dir)) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  for (int number : numbers) std::printf("%d ", number);
  std::puts("");
  return 0;
}

int stay() {
  ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  std::puts("here");
  std::fflush(stdout);
  for (;;) ::pause();
}

int stay_in_background() {
  if (::fork() != 0) return 0;
  ::setsid();
  if (::fork() != 0) return 0;
  return stay();
}

int list_keys(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return say(false);
  constexpr std::array<char, 5> kRequestIdentities = {0, 0, 0, 1, 11};
  if (::send(fd, kRequestIdentities.data(), kRequestIdentities.size(), 0) < 0) return say(false);
  std::array<char, 4096> answer;
  const ssize_t size = ::recv(fd, answer.data(), answer.size(), 0);
  for (ssize_t i = 0; i < size; ++i) {
    const char c = answer[static_cast<std::size_t>(i)];
    if (c > ' ' && c < '\x7f') std::putchar(c);
  }
  std::puts("");
  return size > 5 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "call" && argc > 2) return say(make_call(argc, argv) >= 0);
  if (what == "value" && argc > 2) return show_value(make_call(argc, argv));
  if (what == "fds") return list_fds();
  if (what == "write" && argc > 2) return say(::open(argv[2], O_WRONLY | O_CLOEXEC) >= 0);
  if (what == "stay") return stay();
  if (what == "daemon") return stay_in_background();
  if (what == "keys" && argc > 2) return list_keys(argv[2]);
  if (what == "own" && argc > 5) return own(argv);
  if (what == "show" && argc > 3) return show(argv);
  if (what == "make" && argc > 3) return make(argv);
  if (what == "flip" && argc > 5) return flip(argv);
  if (what == "swap" && argc > 4) return swap(argv);
  if (what == "paths" && argc > 2) return paths(argv);
  if (what == "threads" && argc > 2) return threads(argv);
  if (what == "become" && argc > 3) return become(argv);
  if (what == "limit") return limit(argv);
  if (what == "exchange" && argc > 3) return exchange(argv);
  if (what == "die" && argc > 2) return die(argv);
  if (what == "without") return without(argc, argv);
  return 64;
}
