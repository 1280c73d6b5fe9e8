// See: network_namespaces(7), unshare(2): a thread may leave the namespaces of its process.
#include "tests/e2e/support/own_network.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <cstring>
#include <future>
#include <thread>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/unique_fd.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::e2e {

namespace {

void bring_loopback_up() {
  const base::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0)
    throw base::SystemError("ioctl SIOCSIFFLAGS", "lo");
}

std::string hosts_text(const std::map<std::string, std::string>& hosts) {
  std::string text = "127.0.0.1 localhost\n";
  for (const auto& [name, address] : hosts) text += address + " " + name + "\n";
  return text;
}

void enter(const std::string& hosts_file) {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) throw base::SystemError("unshare", "network");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(hosts_file.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) != 0) {
    throw base::SystemError("mount", "/etc/hosts");
  }
  bring_loopback_up();
}

}  // namespace

void run_in_own_network(const std::map<std::string, std::string>& hosts,
                        const std::function<void()>& action) {
  const auto dir = test::make_scratch_dir();
  base::write_file_atomically(dir.dir(), base::RelPath::exact("hosts"), hosts_text(hosts), 0644);
  std::packaged_task<void()> task([&] {
    enter(dir.host_path() + "/hosts");
    action();
  });
  auto done = task.get_future();
  std::thread(std::move(task)).join();
  done.get();
}

}  // namespace ibuild::e2e
