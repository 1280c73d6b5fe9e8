#pragma once

#include <vector>

#include "base/owner_record.h"
#include "sandbox/wire.h"

namespace ibuild::sandbox {

void write_special_owners(WireWriter& out, const std::vector<base::SpecialOwner>& owners);
/// Throws: ContentError.
std::vector<base::SpecialOwner> read_special_owners(WireReader& in);

}  // namespace ibuild::sandbox
