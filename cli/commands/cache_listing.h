#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "builder/gc/cache_item.h"

namespace ibuild::cli {

/// --filter of `du` and `prune`, all of which must fit, as buildx has them: "type=regular" (or ==,
/// != and ~= for a regular expression), "id=0123" (a part of it), "description~=pip",
/// "until=24h" (not used since; also "unused-for"), "inuse", "shared", "private", "mutable",
/// "immutable" (also with =true and =false).
class CacheFilter {
 public:
  /// Throws: UsageError naming the filter.
  CacheFilter(const std::vector<std::string>& filters, base::TimePoint now);
  bool fits(const builder::CacheItem& item) const;

 private:
  std::vector<std::function<bool(const builder::CacheItem&)>> conditions_;
};

/// A table of items and what they come to; `verbose` with descriptions and kinds.
enum class Detail { brief, verbose };
std::string cache_table(const std::vector<builder::CacheItem>& items, Detail detail);
/// One line of JSON each.
std::string cache_json_lines(const std::vector<builder::CacheItem>& items);

}  // namespace ibuild::cli
