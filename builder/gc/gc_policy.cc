#include "builder/gc/gc_policy.h"

#include <algorithm>
#include <utility>

namespace ibuild::builder {
namespace {

constexpr std::uint64_t kMega = 1000 * 1000;
constexpr std::uint64_t kGiga = 1000 * kMega;
constexpr std::uint64_t kQuickKeepBytes = 512 * kMega;
constexpr auto kQuickKeep = std::chrono::hours(48);
constexpr auto kLongKeep = std::chrono::hours(24 * 60);

bool is_about(const GcPolicy& policy, const CacheItem& item) {
  return !item.in_image && (policy.kinds.empty() || policy.kinds.contains(item.kind));
}

std::uint64_t percent(std::uint64_t bytes, std::uint64_t part) { return bytes / 100 * part; }

}  // namespace

std::uint64_t bytes_to_keep(const GcPolicy& policy, std::uint64_t used_bytes,
                            const DiskState& disk) {
  if (!policy.max_used_bytes && !policy.min_free_bytes) return policy.reserved_bytes;
  std::uint64_t keep = std::min(used_bytes, policy.max_used_bytes.value_or(used_bytes));
  const auto wanted_free = policy.min_free_bytes.value_or(0);
  if (disk.free_bytes < wanted_free) {
    const auto lacking = wanted_free - disk.free_bytes;
    keep = std::min(keep, used_bytes - std::min(used_bytes, lacking));
  }
  return std::max(keep, policy.reserved_bytes);
}

std::vector<CacheItem> take_garbage(std::vector<CacheItem>& items, const GcPolicy& policy,
                                    const DiskState& disk, base::TimePoint now) {
  std::uint64_t used = 0;
  for (const auto& item : items) {
    if (is_about(policy, item)) used += item.size_bytes;
  }
  const auto keep = bytes_to_keep(policy, used, disk);
  std::stable_sort(items.begin(), items.end(), [](const CacheItem& a, const CacheItem& b) {
    return a.last_used < b.last_used;
  });
  const bool has_limit =
      policy.max_used_bytes || policy.min_free_bytes || policy.reserved_bytes > 0;
  std::vector<CacheItem> garbage;
  std::vector<CacheItem> rest;
  for (auto& item : items) {
    const bool is_old = now - item.last_used >= policy.keep_duration;
    // Without a limit all that is old enough goes, also what takes no space.
    if (is_about(policy, item) && is_old && (!has_limit || used > keep)) {
      used -= item.size_bytes;
      garbage.push_back(std::move(item));
    } else {
      rest.push_back(std::move(item));
    }
  }
  items = std::move(rest);
  return garbage;
}

GcLimits default_limits(const DiskState& disk) {
  return {.reserved_bytes = std::min(percent(disk.total_bytes, 10), 10 * kGiga),
          .max_used_bytes = std::min(percent(disk.total_bytes, 80), 100 * kGiga),
          .min_free_bytes = percent(disk.total_bytes, 20)};
}

std::vector<GcPolicy> default_policies(const GcLimits& limits) {
  GcPolicy quick;
  quick.kinds = {CacheItem::Kind::mount, CacheItem::Kind::file, CacheItem::Kind::checkout};
  quick.keep_duration = kQuickKeep;
  quick.max_used_bytes = kQuickKeepBytes;
  GcPolicy full;
  full.reserved_bytes = limits.reserved_bytes;
  full.max_used_bytes = limits.max_used_bytes;
  full.min_free_bytes = limits.min_free_bytes;
  GcPolicy old = full;
  old.keep_duration = kLongKeep;
  return {quick, old, full};
}

}  // namespace ibuild::builder
