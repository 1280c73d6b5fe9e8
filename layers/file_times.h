#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace ibuild::layers {

inline timespec to_timespec(base::TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds);
  return {.tv_sec = seconds.time_since_epoch().count(), .tv_nsec = rest.count()};
}

inline base::TimePoint to_time_point(const timespec& time) {
  return base::TimePoint(std::chrono::seconds(time.tv_sec) +
                         std::chrono::nanoseconds(time.tv_nsec));
}

/// Sets the modification time of `name` in the directory `fd`, a link itself and not what it
/// points to; of `fd` itself when `name` is null. The access time becomes the same.
/// Throws: SystemError.
inline void set_mtime(int fd, const char* name, base::TimePoint mtime,
                      const std::string& shown_as) {
  const timespec times[2] = {to_timespec(mtime), to_timespec(mtime)};
  const int result =
      name == nullptr ? ::futimens(fd, times) : ::utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW);
  if (result != 0) throw base::SystemError("set the time of", shown_as);
}

}  // namespace ibuild::layers
