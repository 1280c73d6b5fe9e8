#pragma once

#include <span>
#include <string_view>

namespace ibuild::sandbox {

struct RlimitName {
  std::string_view text;  // as --ulimit and the shell's documentation have it: "nofile"
  int resource;           // RLIMIT_…
};

std::span<const RlimitName> rlimit_names();
/// "?" for a number that has none.
std::string_view name_of_rlimit(int resource);

}  // namespace ibuild::sandbox
