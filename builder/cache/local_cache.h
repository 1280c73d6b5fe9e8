#pragma once

#include <string>
#include <string_view>

#include "base/fs_at.h"
#include "builder/cache/cache_backend.h"

namespace ibuild::builder {

/// Step records in a directory, one small file each: <2 hex digits>/<62 hex digits> and, beside it,
/// ….why with the ingredients. Files appear whole; two builds may use one directory. See:
/// docs/design/builder_cache_format.md.
class LocalCache : public CacheBackend {
 public:
  explicit LocalCache(base::DirFd dir) : dir_(std::move(dir)) {}

  std::optional<StepRecord> find(const base::Digest& key, std::string& damaged) override;
  void put(const base::Digest& key, const StepRecord& record) override;
  std::optional<IngredientReader> open_ingredients(const base::Digest& key) override;
  void put_ingredients(const base::Digest& key, const StepKey& ingredients) override;

 private:
  void write(const base::RelPath& path, const std::string& text);
  void note_use(const base::RelPath& path) const;
  bool touch_if_same(const base::RelPath& path, const std::string& text) const;
  base::DirFd dir_;
};

/// The on-disk form of the record of the step with `key`: lines of "name value" and a checksum over
/// them.
std::string serialize(const base::Digest& key, const StepRecord& record);
/// None when the text is damaged or is the record of a step with another key. Older forms did not
/// name theirs.
std::optional<StepRecord> parse_step_record(const base::Digest& key, std::string_view text);

}  // namespace ibuild::builder
