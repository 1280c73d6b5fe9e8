#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ibuild::test {

/// A zip of files as they are, names first: no compression, with checksums and a directory.
std::string stored_zip(const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace ibuild::test
