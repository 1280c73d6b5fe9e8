#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "builder/gc/cache_item.h"

namespace ibuild::builder {

/// A rule about what may stay. The least recently used goes first.
struct GcPolicy {
  std::set<CacheItem::Kind> kinds;              // empty: all
  std::chrono::seconds keep_duration{0};        // used within this time: stays
  std::uint64_t reserved_bytes = 0;             // below this nothing is removed
  std::optional<std::uint64_t> max_used_bytes;  // above this something is
  std::optional<std::uint64_t> min_free_bytes;  // likewise when the disk has less free
};

/// What the disk has.
struct DiskState {
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;
};

/// How much may be kept of `used_bytes`. A policy without limits keeps nothing that it is about.
std::uint64_t bytes_to_keep(const GcPolicy& policy, std::uint64_t used_bytes,
                            const DiskState& disk);

/// Takes out of `items` what `policy` removes, oldest first, until what is left of all kinds that
/// it is about fits. What an image needs is neither removed nor counted. Pure.
std::vector<CacheItem> take_garbage(std::vector<CacheItem>& items, const GcPolicy& policy,
                                    const DiskState& disk, base::TimePoint now);

/// The limits of the default policies.
struct GcLimits {
  std::uint64_t reserved_bytes = 0;
  std::uint64_t max_used_bytes = 0;
  std::uint64_t min_free_bytes = 0;
};
/// As BuildKit has them: reserved 10 % of the disk, 10 GB at most; used 80 %, 100 GB at most; free
/// 20 %.
GcLimits default_limits(const DiskState& disk);
/// BuildKit's ladder: cache mounts and sources that were not used for 48 hours above 512 MB; what
/// was not used for 60 days above the limits; anything above the limits.
std::vector<GcPolicy> default_policies(const GcLimits& limits);

}  // namespace ibuild::builder
