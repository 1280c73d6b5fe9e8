#include "sandbox/child/descendants.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/fs_at.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace ibuild::sandbox {

namespace {

/// A process as nobody else can be: its number may be given to another, the time of its start not.
struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  std::uint64_t start = 0;
};

/// See: proc_pid_stat(5). The name in parentheses may hold anything.
std::optional<Process> look_at(pid_t pid) {
  constexpr std::size_t kParent = 1;
  constexpr std::size_t kStart = 19;
  const auto text = base::try_read_host_file("/proc/" + std::to_string(pid) + "/stat", 4096);
  if (!text) return std::nullopt;
  const std::size_t end_of_name = text->rfind(')');
  if (end_of_name == std::string::npos) return std::nullopt;
  const auto fields = base::split(base::trim(std::string_view(*text).substr(end_of_name + 1)), ' ');
  if (fields.size() <= kStart) return std::nullopt;
  const auto parent = base::parse_u64(fields[kParent]);
  const auto start = base::parse_u64(fields[kStart]);
  if (!parent || !start) return std::nullopt;
  return Process{pid, static_cast<pid_t>(*parent), *start};
}

std::vector<Process> descendants(const SparedChildren& spared) {
  std::multimap<pid_t, Process> children;
  for (const base::DirEntry& entry : base::list_dir(base::DirFd::open("/proc"))) {
    const auto pid = base::parse_u64(entry.name);
    const auto process = pid ? look_at(static_cast<pid_t>(*pid)) : std::nullopt;
    if (process) children.emplace(process->parent, *process);
  }
  std::vector<Process> found;
  std::vector<pid_t> pending = {::getpid()};
  while (!pending.empty()) {
    const auto [begin, end] = children.equal_range(pending.back());
    pending.pop_back();
    for (auto child = begin; child != end; ++child) {
      if (std::find(spared.begin(), spared.end(), child->second.pid) != spared.end()) continue;
      found.push_back(child->second);
      pending.push_back(child->second.pid);
    }
  }
  return found;
}

void send(const Process& process, int signal) {
  const base::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  const auto now = pidfd ? look_at(process.pid) : std::nullopt;
  if (!now || now->start != process.start) return;  // another one by now
  ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0);
}

/// Stops them until a look around finds none that was not stopped before. All get the signal each
/// time: one that was not stopped yet may have woken another.
std::vector<Process> stop_all(const SparedChildren& spared) {
  std::set<std::pair<pid_t, std::uint64_t>> known;
  for (;;) {
    bool found_new = false;
    std::vector<Process> all = descendants(spared);
    for (const Process& process : all) {
      found_new = known.emplace(process.pid, process.start).second || found_new;
      send(process, SIGSTOP);
    }
    if (!found_new) return all;
  }
}

}  // namespace

void signal_descendants(int signal, const SparedChildren& spared) {
  for (const Process& process : descendants(spared)) send(process, signal);
}

void kill_descendants(const SparedChildren& spared) {
  for (const Process& process : stop_all(spared)) send(process, SIGKILL);
}

void kill_and_reap_descendants(const SparedChildren& spared) {
  if (spared.empty()) return kill_and_reap_all_descendants();
  for (;;) {
    const std::vector<Process> all = stop_all(spared);
    if (all.empty()) return;
    for (const Process& process : all) send(process, SIGKILL);
    // What is further below becomes ours when these are gone.
    for (const Process& process : all) {
      if (process.parent == ::getpid()) ::waitpid(process.pid, nullptr, 0);
    }
  }
}

void kill_and_reap_all_descendants() {
  for (;;) {
    siginfo_t info{};
    const int known = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
    if (known != 0 && errno == ECHILD) return;
    kill_descendants({});
    // Blocks for those that have just been killed; one that got away in between is stopped in the
    // next round.
    ::waitpid(-1, nullptr, 0);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
}

}  // namespace ibuild::sandbox
