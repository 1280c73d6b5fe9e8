#pragma once

#include <string>
#include <vector>

namespace ibuild::test {

/// What an SPDX 2.3 document in JSON lacks or has wrong, by the clauses of the specification:
/// members that must be there and their forms, unique ids, licences that are explained,
/// relationships between what is there. Empty for a valid one.
std::vector<std::string> spdx_mistakes(const std::string& json);

}  // namespace ibuild::test
