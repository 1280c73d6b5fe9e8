#include "builder/ops/run_devices.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::builder {

RunDevices::RunDevices(const std::vector<StepDevice>& devices) {
  for (const StepDevice& device : devices) {
    base::UniqueFd fd(::open(device.path.c_str(), O_PATH | O_CLOEXEC));
    if (!fd) throw base::SystemError("open device", device.path);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) throw base::SystemError("stat", device.path);
    if (!S_ISCHR(info.st_mode) && !S_ISBLK(info.st_mode))
      throw base::UsageError("--device " + base::printable(device.path) + ": it is no device");
    sandbox::MountSpec mount;
    mount.target = base::RelPath::clean(device.target);
    mount.source_fd = fd.get();
    mount.source_is_directory = false;
    mounts_.push_back(std::move(mount));
    fds_.push_back(std::move(fd));
  }
}

}  // namespace ibuild::builder
