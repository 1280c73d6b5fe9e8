// See: process_vm_readv(2), proc(5), prlimit(2).
#include "sandbox/child/keeper/task.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/mount_id.h"
#include "base/text.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr std::uint64_t kStatusCapBytes = 64 << 10;
constexpr std::uint64_t kMountsCapBytes = 16 << 20;
constexpr std::uint64_t kPageBytes = 4096;  // of the smallest pages that there are

[[noreturn]] void fail(int error, const char* call) { throw base::SystemError(error, call, ""); }

/// Of a place in another process' memory: never to be followed here.
iovec vector_of(std::uint64_t address, std::size_t size) {
  static_assert(sizeof(void*) == sizeof address);
  return {std::bit_cast<void*>(address), size};
}

rlimit64 limit_of(pid_t tid) {
  rlimit64 limit{};
  if (::prlimit64(tid, RLIMIT_RTTIME, nullptr, &limit) != 0) fail(errno, "prlimit");
  return limit;
}

void set_number(pid_t tid, std::size_t number) {
  rlimit64 limit = limit_of(tid);
  limit.rlim_cur = limit.rlim_max - number;
  if (::prlimit64(tid, RLIMIT_RTTIME, &limit, nullptr) != 0) fail(errno, "prlimit");
}

}  // namespace

void StepMounts::add_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/mountinfo";
  const std::string text = base::try_read_host_file(path, kMountsCapBytes).value_or("");
  for (std::string_view line : base::split(text, '\n')) {
    if (const auto id = base::parse_u64(line.substr(0, line.find(' ')))) ids_.insert(*id);
  }
}

bool StepMounts::hold(int fd) const { return ids_.contains(base::mount_id_of(fd)); }

void Task::read(std::uint64_t address, std::span<std::byte> into) const {
  const iovec here{into.data(), into.size()};
  const iovec there = vector_of(address, into.size());
  const ssize_t count = ::process_vm_readv(tid_, &here, 1, &there, 1, 0);
  if (count < 0 || static_cast<std::size_t>(count) != into.size()) fail(EFAULT, "read memory");
}

base::UniqueFd Task::open_memory() const {
  base::UniqueFd fd(::open((dir() + "mem").c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) fail(EFAULT, "open memory");
  return fd;
}

std::string Task::read_path(std::uint64_t address) const {
  std::array<char, PATH_MAX> path{};
  std::size_t size = 0;
  // Page by page: what lies behind the one that the path ends in may not be there.
  while (size < path.size()) {
    const std::uint64_t at = address + size;
    const std::size_t part =
        std::min<std::uint64_t>(kPageBytes - at % kPageBytes, path.size() - size);
    read(at, std::as_writable_bytes(std::span(path)).subspan(size, part));
    const void* end = std::memchr(path.data() + size, 0, part);
    if (end != nullptr) return path.data();
    size += part;
  }
  fail(ENAMETOOLONG, "read path");
}

base::UniqueFd Task::open_link(const char* name) const {
  base::UniqueFd fd(::open((dir() + name).c_str(), O_PATH | O_CLOEXEC));
  if (!fd) fail(errno, "open");
  return fd;
}

base::UniqueFd Task::open_fd(int number) const {
  base::UniqueFd fd(::open((dir() + "fd/" + std::to_string(number)).c_str(), O_PATH | O_CLOEXEC));
  if (!fd) fail(EBADF, "open");
  return fd;
}

std::string Task::path_of_fd(int number) const {
  std::array<char, PATH_MAX> text{};
  const std::string link = dir() + "fd/" + std::to_string(number);
  const ssize_t size = ::readlink(link.c_str(), text.data(), text.size());
  if (size < 0) fail(EBADF, "read link");
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string Task::status_field(std::string_view name) const {
  const std::string status =
      base::try_read_host_file(dir() + "status", kStatusCapBytes).value_or("");
  for (std::string_view line : base::split(status, '\n')) {
    if (line.starts_with(name)) return std::string(base::trim(line.substr(name.size())));
  }
  fail(ESRCH, "read status");
}

mode_t Task::umask() const {
  const std::string text = status_field("Umask:");
  unsigned mask = 0;
  std::from_chars(text.data(), text.data() + text.size(), mask, 8);
  return mask & 0777;
}

Task::InnerIds Task::inner_ids() const {
  const auto last = [](const std::string& numbers) {
    return numbers.substr(numbers.find_last_of('\t') + 1);
  };
  return {last(status_field("NStgid:")), last(status_field("NSpid:"))};
}

bool Task::is_in_world(int fd) const {
  if (mounts_.hold(fd)) return true;
  mounts_.add_of(tid_);  // a privileged step can mount
  return mounts_.hold(fd);
}

std::size_t Task::credentials_number() const {
  const rlimit64 limit = limit_of(tid_);
  return static_cast<std::size_t>(limit.rlim_max - limit.rlim_cur);
}

std::uint64_t Task::limit_of_number() const { return limit_of(tid_).rlim_max; }

void Task::set_credentials_number(std::size_t number) const { set_number(tid_, number); }

void require_readable_memory(pid_t child) {
  static constexpr char kMark = '!';  // what is ours lies at the same place there
  char seen = 0;
  const iovec here{&seen, 1};
  const iovec there{const_cast<char*>(&kMark), 1};
  if (::process_vm_readv(child, &here, 1, &there, 1, 0) == 1 && seen == kMark) return;
  const base::SystemError cause("read the step's memory (process_vm_readv)", "");
  SandboxError error("record owners", cause.what());
  error.set_hint(
      "a system call filter around ibuild or sysctl kernel.yama.ptrace_scope=3 forbids it: grant "
      "the user ids in /etc/subuid and /etc/subgid, then nothing has to be recorded");
  throw error;
}

void start_credentials_numbers() { set_number(0, 0); }

}  // namespace ibuild::sandbox
