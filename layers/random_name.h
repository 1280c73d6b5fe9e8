#pragma once

#include <string>

namespace ibuild::layers {

/// 24 hex digits that nobody can foresee. Throws: SystemError.
std::string random_name();

}  // namespace ibuild::layers
