// See: proc_pid_mountinfo(5), mount_namespaces(7).
#include "tests/support/mount_table.h"

#include <sched.h>
#include <sys/mount.h>

#include <algorithm>

#include "base/fs_at.h"
#include "base/text.h"

namespace ibuild::test {

bool enter_own_mount_namespace() {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) == 0;
}

std::set<std::string> mounts_here() {
  const std::string table = base::read_host_file("/proc/self/mountinfo", 16 << 20);
  std::set<std::string> ids;
  for (const auto line : base::split(table, '\n')) ids.emplace(line.substr(0, line.find(' ')));
  return ids;
}

bool has_new_mounts(const std::set<std::string>& before) {
  const auto now = mounts_here();
  return !std::includes(before.begin(), before.end(), now.begin(), now.end());
}

}  // namespace ibuild::test
