#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace ibuild::builder {

struct FileOwner {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  bool operator==(const FileOwner&) const = default;
};

/// Whose the files of a context are, by path; those that are root's have no entry. Kept apart from
/// the files themselves, as not every user can give files away.
using FileOwners = std::map<std::string, FileOwner, std::less<>>;

}  // namespace ibuild::builder
