#pragma once

#include <optional>
#include <string>

#include "builder/gc/gc_policy.h"
#include "layers/store.h"

namespace ibuild::builder {

/// When garbage is collected at the end of a build.
struct GcSettings {
  bool enabled = true;
  std::optional<std::uint64_t> reserved_bytes;  // instead of the default
  std::optional<std::uint64_t> max_used_bytes;
  std::optional<std::uint64_t> min_free_bytes;
};

/// The disk that the store lies on. Throws: SystemError.
DiskState disk_of(const layers::Store& store);

struct Collected {
  std::size_t items = 0;
  std::uint64_t size_bytes = 0;
};

/// Applies the default policies when it is time: once a day, every ten minutes while the cache is
/// close to its limit, and whenever the disk has too little free. Else it reads one small file and
/// asks for the free space. None: it was not time, somebody uses the store, or the cache cannot be
/// surveyed. Requires: this process does not hold the store against removal.
std::optional<Collected> collect_garbage_if_due(layers::Store& store, const GcSettings& settings,
                                                base::TimePoint now);

}  // namespace ibuild::builder
