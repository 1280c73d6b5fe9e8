#pragma once

#include <string_view>

#include "sandbox/sandbox_spec.h"

namespace ibuild::cli {

/// "nofile=1024:2048", "core=0", "memlock=-1:-1" (-1 is unlimited). Throws: UsageError.
sandbox::Rlimit parse_ulimit(std::string_view text);

}  // namespace ibuild::cli
