#include "sandbox/machine.h"

#include <elf.h>
#include <sys/personality.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

namespace ibuild::sandbox {

namespace {

constexpr auto kMachines = std::to_array<Machine>({
    {"386", "i386", ELFCLASS32, ELFDATA2LSB, EM_386},
    {"amd64", "x86_64", ELFCLASS64, ELFDATA2LSB, EM_X86_64},
    {"arm", "arm", ELFCLASS32, ELFDATA2LSB, EM_ARM},
    {"arm64", "aarch64", ELFCLASS64, ELFDATA2LSB, EM_AARCH64},
    {"loong64", "loongarch64", ELFCLASS64, ELFDATA2LSB, EM_LOONGARCH},
    {"mips", "mips", ELFCLASS32, ELFDATA2MSB, EM_MIPS},
    {"mips64", "mips64", ELFCLASS64, ELFDATA2MSB, EM_MIPS},
    {"mips64le", "mips64el", ELFCLASS64, ELFDATA2LSB, EM_MIPS},
    {"mipsle", "mipsel", ELFCLASS32, ELFDATA2LSB, EM_MIPS},
    {"ppc64", "ppc64", ELFCLASS64, ELFDATA2MSB, EM_PPC64},
    {"ppc64le", "ppc64le", ELFCLASS64, ELFDATA2LSB, EM_PPC64},
    {"riscv64", "riscv64", ELFCLASS64, ELFDATA2LSB, EM_RISCV},
    {"s390x", "s390x", ELFCLASS64, ELFDATA2MSB, EM_S390},
});

/// Of this machine; uname's names are QEMU's but for some.
std::string_view own_architecture() {
  utsname names{};
  if (::uname(&names) != 0) return "";
  std::string_view name = names.machine;
  if (name.size() == 4 && name[0] == 'i' && name.substr(2) == "86") name = "i386";
  if (name.starts_with("armv")) name = "arm";
  for (const Machine& machine : kMachines) {
    if (machine.qemu == name) return machine.architecture;
  }
  return "";
}

/// Kernels for amd64 may be built without the 32-bit calls.
bool kernel_runs_386() { return ::access("/proc/sys/abi/vsyscall32", F_OK) == 0; }

/// Not all processors of arm64 know the 32-bit instructions; the kernel refuses the personality of
/// such programs then. It is that of this thread alone.
bool processor_runs_arm() {
  constexpr unsigned long kAsk = 0xffffffff;
  const int before = ::personality(kAsk);
  if (before < 0 || ::personality(PER_LINUX32) < 0) return false;
  ::personality(static_cast<unsigned long>(before));
  return true;
}

}  // namespace

std::span<const Machine> known_machines() { return kMachines; }

const Machine* find_machine(std::string_view architecture) {
  const auto* found = std::find_if(kMachines.begin(), kMachines.end(), [&](const Machine& machine) {
    return machine.architecture == architecture;
  });
  return found == kMachines.end() ? nullptr : found;
}

std::string program_magic(const Machine& machine) {
  std::string magic(EI_NIDENT, '\0');
  std::copy_n(ELFMAG, SELFMAG, magic.begin());
  magic[EI_CLASS] = static_cast<char>(machine.elf_class);
  magic[EI_DATA] = static_cast<char>(machine.elf_data);
  magic[EI_VERSION] = EV_CURRENT;
  for (const unsigned value : {unsigned{ET_EXEC}, unsigned{machine.elf_machine}}) {
    const auto low = static_cast<char>(value & 0xff);
    const auto high = static_cast<char>(value >> 8);
    const bool little = machine.elf_data == ELFDATA2LSB;
    magic += little ? low : high;
    magic += little ? high : low;
  }
  return magic;
}

std::string program_mask(const Machine& machine) {
  std::string mask(EI_NIDENT + 4, '\xff');
  mask[EI_OSABI] = '\0';
  std::fill(mask.begin() + EI_ABIVERSION, mask.begin() + EI_NIDENT, '\0');
  // ET_EXEC is 2, ET_DYN 3.
  mask[EI_NIDENT + (machine.elf_data == ELFDATA2LSB ? 0 : 1)] = '\xfe';
  return mask;
}

bool runs_natively(std::string_view architecture) {
  const std::string_view own = own_architecture();
  if (architecture == own) return true;
  if (own == "amd64" && architecture == "386") return kernel_runs_386();
  return own == "arm64" && architecture == "arm" && processor_runs_arm();
}

}  // namespace ibuild::sandbox
