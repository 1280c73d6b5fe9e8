#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace ibuild::sandbox {

/// How programs of an architecture run in steps on this machine.
struct Emulation {
  enum class Way {
    native,      // as they are
    registered,  // the machine's own binfmt_misc has an emulator that works in every root
    own,         // a step gets a binfmt_misc of its own
    none,
  };
  Way way = Way::none;
  std::string emulator;  // registered, own: host path
  std::string why_not;   // none
  std::string hint;      // none: what to do about it
};

/// Looks at the machine; runs nothing. For `own` the kernel may still refuse.
Emulation find_emulation(std::string_view architecture);

/// Tries in a short-lived child whether the kernel gives a step a binfmt_misc of its own. Empty
/// when it does, else why not.
std::string why_no_own_emulation();

/// One line for binfmt_misc, but for where the emulator is opened.
struct Emulator {
  std::string name;  // "qemu-aarch64"
  std::string magic;
  std::string mask;
  int fd = -1;  // of the emulator, open for reading
  bool operator==(const Emulator&) const = default;
};

/// The emulators that a step needs to run programs of `architectures`, opened. None for those that
/// run without our doing.
class Emulators {
 public:
  /// Throws: SandboxError{"find emulator"} with what to install.
  explicit Emulators(const std::vector<std::string>& architectures);
  const std::vector<Emulator>& list() const { return list_; }

 private:
  std::vector<base::UniqueFd> files_;
  std::vector<Emulator> list_;
};

}  // namespace ibuild::sandbox
