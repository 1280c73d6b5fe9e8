// See: getrlimit(2).
#include "sandbox/rlimit_names.h"

#include <sys/resource.h>

#include <array>

namespace ibuild::sandbox {

namespace {

constexpr std::array kNames = {
    RlimitName{"core", RLIMIT_CORE},         RlimitName{"cpu", RLIMIT_CPU},
    RlimitName{"data", RLIMIT_DATA},         RlimitName{"fsize", RLIMIT_FSIZE},
    RlimitName{"locks", RLIMIT_LOCKS},       RlimitName{"memlock", RLIMIT_MEMLOCK},
    RlimitName{"msgqueue", RLIMIT_MSGQUEUE}, RlimitName{"nice", RLIMIT_NICE},
    RlimitName{"nofile", RLIMIT_NOFILE},     RlimitName{"nproc", RLIMIT_NPROC},
    RlimitName{"rss", RLIMIT_RSS},           RlimitName{"rtprio", RLIMIT_RTPRIO},
    RlimitName{"rttime", RLIMIT_RTTIME},     RlimitName{"sigpending", RLIMIT_SIGPENDING},
    RlimitName{"stack", RLIMIT_STACK},
};

}  // namespace

std::span<const RlimitName> rlimit_names() { return kNames; }

std::string_view name_of_rlimit(int resource) {
  for (const RlimitName& name : kNames) {
    if (name.resource == resource) return name.text;
  }
  return "?";
}

}  // namespace ibuild::sandbox
