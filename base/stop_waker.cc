#include "base/stop_waker.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/error.h"

namespace ibuild::base {

StopWaker::StopWaker(std::stop_token stop) : stop_(std::move(stop)) {
  if (!stop_.stop_possible()) return;
  event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event_) throw SystemError("make eventfd", "");
  on_stop_.emplace(stop_, [fd = event_.get()] { ::eventfd_write(fd, 1); });
}

void StopWaker::check() const {
  if (stop_.stop_requested()) throw CancelledError();
}

void StopWaker::wait_for(int fd, short events) const {
  std::array<pollfd, 2> fds = {{{fd, events, 0}, {event_.get(), POLLIN, 0}}};
  int ready = 0;
  do {
    check();
    ready = ::poll(fds.data(), fds.size(), -1);
    if (ready < 0 && errno != EINTR) throw SystemError("poll", "");
  } while (ready < 0);
  check();
}

void StopWaker::pause(std::chrono::milliseconds time) const {
  check();
  pollfd entry{event_.get(), POLLIN, 0};
  if (::poll(&entry, 1, static_cast<int>(time.count())) < 0 && errno != EINTR)
    throw SystemError("poll", "");
  check();
}

}  // namespace ibuild::base
