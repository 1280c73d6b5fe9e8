#include "tests/support/foreign_program.h"

#include <elf.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace ibuild::test {

namespace {

constexpr std::uint64_t kBase = 0x400000;
constexpr std::uint64_t kCodeOffset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);

/// movz x<reg>, #value
std::uint32_t set_register(std::uint32_t reg, std::uint32_t value) {
  return 0xd2800000U | (value << 5) | reg;
}

constexpr std::uint32_t kSystemCall = 0xd4000001U;  // svc #0
constexpr std::uint32_t kWrite = 64;
constexpr std::uint32_t kExit = 93;

template <typename T>
void append(std::string& bytes, const T& value) {
  std::array<char, sizeof(T)> raw{};
  std::memcpy(raw.data(), &value, sizeof(T));
  bytes.append(raw.data(), raw.size());
}

std::string code(std::string_view text, unsigned exit_code) {
  // adr x1, text: 28 bytes from this, the second of eight instructions.
  constexpr std::uint32_t kTextIntoX1 = 0x10000001U | (7U << 5);
  const auto size = static_cast<std::uint32_t>(text.size());
  std::string bytes;
  for (const std::uint32_t instruction :
       {set_register(0, 1), kTextIntoX1, set_register(2, size), set_register(8, kWrite),
        kSystemCall, set_register(0, exit_code), set_register(8, kExit), kSystemCall}) {
    append(bytes, instruction);
  }
  return bytes + std::string(text);
}

}  // namespace

std::string arm64_program(std::string_view text, unsigned exit_code) {
  const std::string body = code(text, exit_code);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_AARCH64;
  header.e_version = EV_CURRENT;
  header.e_entry = kBase + kCodeOffset;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_flags = PF_R | PF_X;
  segment.p_vaddr = segment.p_paddr = kBase;
  segment.p_filesz = segment.p_memsz = kCodeOffset + body.size();
  segment.p_align = 0x10000;
  std::string program;
  append(program, header);
  append(program, segment);
  return program + body;
}

}  // namespace ibuild::test
