#include "registry/http/io_wait.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"

namespace ibuild::registry {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

bool wait_for_any(std::span<pollfd> fds, milliseconds timeout, const StopWaker& waker) {
  constexpr std::size_t kMaxDescriptors = 63;
  std::array<pollfd, kMaxDescriptors> all{};
  const std::size_t count = std::min(fds.size(), kMaxDescriptors - 1);
  std::copy_n(fds.begin(), count, all.begin());
  all[count] = {waker.fd(), POLLIN, 0};  // a negative descriptor is passed over

  const auto deadline = Clock::now() + timeout;
  while (true) {
    waker.check();
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    const int wait_ms = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60000));
    const int ready = ::poll(all.data(), count + 1, wait_ms);
    if (ready < 0 && errno != EINTR) throw base::SystemError("poll", "");
    waker.check();
    if (ready > 0) {
      std::copy_n(all.begin(), count, fds.begin());
      return true;
    }
    if (ready == 0 && Clock::now() >= deadline) return false;
  }
}

short wait_for(int fd, short events, milliseconds timeout, const StopWaker& waker) {
  pollfd entry{fd, events, 0};
  return wait_for_any({&entry, 1}, timeout, waker) ? entry.revents : short{0};
}

}  // namespace ibuild::registry
