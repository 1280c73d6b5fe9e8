#pragma once

#include <functional>
#include <map>
#include <string>

#include "builder/tree/owner.h"

namespace ibuild::builder {

/// Whose the files of a context are, by path; those that are root's have no entry. Kept apart from
/// the files themselves, as not every user can give files away.
using FileOwners = std::map<std::string, Owner, std::less<>>;

}  // namespace ibuild::builder
