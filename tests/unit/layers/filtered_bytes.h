#pragma once

#include <string>
#include <string_view>

namespace ibuild::test {

enum class Filter { bzip2, xz };

/// `plain` compressed by libarchive.
std::string filtered(Filter filter, std::string_view plain);

}  // namespace ibuild::test
