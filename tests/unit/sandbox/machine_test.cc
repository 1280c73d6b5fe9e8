#include "sandbox/machine.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/foreign_program.h"

namespace ibuild::sandbox {
namespace {

/// Whether binfmt_misc would take `program` for `machine`.
bool takes(const Machine& machine, std::string_view program) {
  const auto magic = program_magic(machine);
  const auto mask = program_mask(machine);
  for (std::size_t i = 0; i < magic.size(); ++i) {
    if (((magic[i] ^ program[i]) & mask[i]) != 0) return false;
  }
  return magic.size() == mask.size() && program.size() >= magic.size();
}

TEST_CASE("machine: magic bytes are those of ELF files", "[sandbox]") {
  const auto magic = [](const char* architecture) {
    return program_magic(*find_machine(architecture));
  };
  CHECK(magic("arm64") == std::string("\x7f"
                                      "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xb7\0",
                                      20));
  CHECK(magic("arm") == std::string("\x7f"
                                    "ELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x28\0",
                                    20));
  CHECK(magic("s390x") == std::string("\x7f"
                                      "ELF\x02\x02\x01\0\0\0\0\0\0\0\0\0\0\x02\0\x16",
                                      20));
  CHECK(find_machine("vax") == nullptr);
}

TEST_CASE("machine: fixed and relocatable programs of any ABI are taken, no others", "[sandbox]") {
  const Machine& arm64 = *find_machine("arm64");
  std::string program = test::arm64_program("", 0);
  CHECK(takes(arm64, program));
  program[16] = 3;  // ET_DYN
  CHECK(takes(arm64, program));
  program[7] = 3;  // ELFOSABI_GNU
  CHECK(takes(arm64, program));
  program[16] = 1;  // ET_REL
  CHECK_FALSE(takes(arm64, program));
  program[16] = 2;
  for (const Machine& other : known_machines())
    CHECK(takes(other, program) == (other.architecture == "arm64"));
  std::string big(program_magic(*find_machine("ppc64")));
  big[17] = 3;
  CHECK(takes(*find_machine("ppc64"), big));
  CHECK_FALSE(takes(*find_machine("ppc64le"), big));
}

TEST_CASE("machine: this machine's own programs run as they are", "[sandbox]") {
  CHECK(std::ranges::any_of(known_machines(), [](const Machine& machine) {
    return runs_natively(machine.architecture);
  }));
  CHECK_FALSE(runs_natively("s390x"));
  CHECK_FALSE(runs_natively("vax"));
}

}  // namespace
}  // namespace ibuild::sandbox
