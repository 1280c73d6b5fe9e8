// See: https://docs.kernel.org/admin-guide/binfmt-misc.html; a registry for each user namespace
// that mounts one: Linux 6.7.
#include "sandbox/child/emulation.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

#include "base/error.h"
#include "sandbox/child/inner_user_namespace.h"
#include "sandbox/child/mounts.h"
#include "sandbox/fail.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr const char* kMountPoint = "proc/sys/fs/binfmt_misc";

[[noreturn]] void refuse(std::string_view phase, const std::string& why) {
  SandboxError error(std::string(phase), why);
  error.set_hint(
      "have the machine run such programs: register its emulators in binfmt_misc with the flag F "
      "(Debian: install qemu-user-static and binfmt-support)");
  throw error;
}

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    std::array<char, 8> digits{};
    std::snprintf(digits.data(), digits.size(), "\\x%02x", static_cast<unsigned char>(byte));
    text += digits.data();
  }
  return text;
}

/// Flags: the first argument is kept (P), setuid works (C, which has O in it), and the emulator is
/// opened now (F), while its descriptor is there.
std::string registration(const Emulator& emulator) {
  return ":" + emulator.name + ":M:0:" + escaped(emulator.magic) + ":" + escaped(emulator.mask) +
         ":/proc/self/fd/" + std::to_string(emulator.fd) + ":PCF";
}

void register_emulator(const base::DirFd& registry, const Emulator& emulator) {
  constexpr std::string_view kPhase = "register emulator";
  const base::UniqueFd file(::openat(registry.get(), "register", O_WRONLY | O_CLOEXEC));
  if (!file) fail_with_errno(kPhase, "open", "register");
  const std::string line = registration(emulator);
  // In one piece: a write is an entry.
  if (::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    fail_with_errno(kPhase, "write", emulator.name);
}

}  // namespace

void enter_emulation(const std::vector<Emulator>& emulators) {
  constexpr std::string_view kPhase = "mount binfmt_misc";
  if (emulators.empty()) return;
  try {
    enter_inner_user_namespace("new user namespace for an emulator");
  } catch (const SandboxError& error) {
    refuse(error.phase(), error.detail());
  }
  constexpr std::uint64_t kAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  base::UniqueFd mount = try_new_mount("binfmt_misc", {}, kAttributes);
  if (!mount) {
    refuse(kPhase,
           std::string(base::SystemError("mount binfmt_misc in a user namespace", "").what()) +
               " (it takes Linux 6.7 with the module binfmt_misc)");
  }
  const base::DirFd registry(base::UniqueFd(::fcntl(mount.get(), F_DUPFD_CLOEXEC, 3)), kMountPoint);
  for (const Emulator& emulator : emulators) register_emulator(registry, emulator);
  set_mount_attributes(kPhase, mount.get(), kAttributes | MOUNT_ATTR_RDONLY);
  const base::UniqueFd target = open_target(kPhase, base::DirFd::open("/"), kMountPoint);
  attach_mount(kPhase, mount.get(), target.get());
}

}  // namespace ibuild::sandbox
