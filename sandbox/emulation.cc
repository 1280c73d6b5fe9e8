// See: https://docs.kernel.org/admin-guide/binfmt-misc.html
#include "sandbox/emulation.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>

#include "base/child.h"
#include "base/error.h"
#include "base/fs_at.h"
#include "base/text.h"
#include "sandbox/machine.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

constexpr const char* kRegistry = "/proc/sys/fs/binfmt_misc";
constexpr std::uint64_t kEntryCap = 16 << 10;  // a page, really

std::string value_of(std::string_view entry, std::string_view key) {
  for (const auto line : base::split(entry, '\n')) {
    if (line.starts_with(key)) return std::string(base::trim(line.substr(key.size())));
  }
  return {};
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const std::string digits(text.substr(i, 2));
    bytes += static_cast<char>(std::strtoul(digits.c_str(), nullptr, 16));
  }
  return bytes;
}

/// Whether an entry of the registry takes programs that begin with `magic`, in whatever root they
/// are: only with the flag F the emulator is open already.
bool serves(std::string_view entry, std::string_view magic) {
  if (!entry.starts_with("enabled\n")) return false;
  if (value_of(entry, "flags:").find('F') == std::string::npos) return false;
  if (value_of(entry, "offset ") != "0") return false;
  const std::string wanted = from_hex(value_of(entry, "magic "));
  std::string mask = from_hex(value_of(entry, "mask "));
  if (mask.empty()) mask.assign(wanted.size(), '\xff');
  if (wanted.empty() || wanted.size() > magic.size() || mask.size() != wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (((wanted[i] ^ magic[i]) & mask[i]) != 0) return false;
  }
  return true;
}

/// The emulator that the machine has registered; none where its registry is not to be seen.
std::optional<std::string> find_registered(const Machine& machine) {
  try {
    const base::DirFd registry = base::DirFd::open(kRegistry);
    for (const auto& file : base::list_dir(registry, {})) {
      if (file.name == "register" || file.name == "status") continue;
      const auto entry =
          base::try_read_file_at(registry, base::RelPath::exact(file.name), kEntryCap);
      if (entry && serves(*entry, program_magic(machine))) return value_of(*entry, "interpreter ");
    }
  } catch (const base::SystemError&) {
    // not mounted here, or not for us to read
  }
  return std::nullopt;
}

/// A program that needs no loader and no library: the root it is to work in has others.
bool is_static(int fd) {
  Elf64_Ehdr header{};
  if (::pread(fd, &header, sizeof header, 0) != sizeof header) return false;
  if (std::string_view(reinterpret_cast<const char*>(header.e_ident), SELFMAG) != ELFMAG)
    return false;
  if (header.e_ident[EI_CLASS] != ELFCLASS64) return true;  // a 32-bit host; not to be told here
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    const auto where = static_cast<off_t>(header.e_phoff + std::uint64_t{i} * header.e_phentsize);
    if (::pread(fd, &segment, sizeof segment, where) != sizeof segment) return false;
    if (segment.p_type == PT_INTERP) return false;
  }
  return true;
}

struct EmulatorFile {
  std::string path;
  base::UniqueFd fd;
};

std::vector<std::string> program_dirs() {
  std::vector<std::string> dirs;
  const char* path = std::getenv("PATH");
  for (const auto dir : base::split(path != nullptr ? path : "", ':')) {
    if (dir.starts_with('/')) dirs.emplace_back(dir);
  }
  for (const char* dir : {"/usr/local/bin", "/usr/bin", "/bin"}) dirs.emplace_back(dir);
  return dirs;
}

std::optional<EmulatorFile> find_emulator(const Machine& machine) {
  const std::string name = "qemu-" + std::string(machine.qemu);
  for (const std::string& file : {name + "-static", name}) {
    for (const std::string& dir : program_dirs()) {
      EmulatorFile found{dir + "/" + file, {}};
      found.fd.reset(::open(found.path.c_str(), O_RDONLY | O_CLOEXEC));
      if (found.fd && ::access(found.path.c_str(), X_OK) == 0 && is_static(found.fd.get()))
        return found;
    }
  }
  return std::nullopt;
}

Emulation impossible(std::string why_not, std::string hint) {
  return {Emulation::Way::none, {}, std::move(why_not), std::move(hint)};
}

Emulation no_emulator(const Machine& machine) {
  return impossible("no static qemu-" + std::string(machine.qemu) + " is installed",
                    "install QEMU's static user-mode emulators: apt-get install qemu-user-static");
}

}  // namespace

Emulation find_emulation(std::string_view architecture) {
  using Way = Emulation::Way;
  if (runs_natively(architecture)) return {Way::native, {}, {}, {}};
  const Machine* machine = find_machine(architecture);
  if (machine == nullptr) {
    return impossible("there is no emulator for " + base::printable(architecture), "");
  }
  if (auto path = find_registered(*machine)) return {Way::registered, *std::move(path), {}, {}};
  if (auto file = find_emulator(*machine)) return {Way::own, std::move(file->path), {}, {}};
  return no_emulator(*machine);
}

std::string why_no_own_emulation() {
  base::ProgramOptions options;
  options.timeout = std::chrono::milliseconds(10000);
  try {
    const auto result = base::run_program(
        {"/proc/self/exe", std::string(kSandboxChildArg), "probe", "emulation"}, options);
    if (result.status.success()) return {};
    const std::string reason = base::printable(base::trim(result.out));
    return reason.empty() ? "the probe ended with " + result.status.describe() : reason;
  } catch (const base::Error& error) {
    return error.what();
  }
}

Emulators::Emulators(const std::vector<std::string>& architectures) {
  for (const std::string& architecture : architectures) {
    const Emulation emulation = find_emulation(architecture);
    if (emulation.way == Emulation::Way::none) {
      SandboxError error("find emulator", "programs for " + base::printable(architecture) +
                                              " do not run here: " + emulation.why_not);
      error.set_hint(emulation.hint);
      throw error;
    }
    if (emulation.way != Emulation::Way::own) continue;
    const Machine& machine = *find_machine(architecture);
    auto file = find_emulator(machine);
    if (!file) throw SandboxError("find emulator", emulation.emulator + " has vanished");
    list_.push_back({"qemu-" + std::string(machine.qemu), program_magic(machine),
                     program_mask(machine), file->fd.get()});
    files_.push_back(std::move(file->fd));
  }
}

}  // namespace ibuild::sandbox
