#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ibuild::sandbox {

/// A kind of processor, as ELF files and QEMU know it. See: elf(5).
struct Machine {
  std::string_view architecture;  // Go's name, as in "linux/arm64"
  std::string_view qemu;          // QEMU's name, as in qemu-aarch64-static
  std::uint8_t elf_class = 2;     // ELFCLASS32, ELFCLASS64
  std::uint8_t elf_data = 1;      // ELFDATA2LSB, ELFDATA2MSB
  std::uint16_t elf_machine = 0;  // EM_…
};

/// All that QEMU can emulate and images are made for.
std::span<const Machine> known_machines();
/// Null for an architecture that is not known.
const Machine* find_machine(std::string_view architecture);

/// The first bytes of a program for `machine`, as binfmt_misc compares them…
std::string program_magic(const Machine& machine);
/// … and which of their bits count: not the ABI, and fixed and relocatable programs alike.
std::string program_mask(const Machine& machine);

/// Whether this machine's processor and kernel run programs of `architecture` as they are.
bool runs_natively(std::string_view architecture);

}  // namespace ibuild::sandbox
