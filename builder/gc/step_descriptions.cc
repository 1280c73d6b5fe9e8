#include "builder/gc/step_descriptions.h"

#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "builder/cache/local_cache.h"

namespace ibuild::builder {
namespace {

constexpr std::string_view kFolder = "steps/";
constexpr std::size_t kShardDigits = 2;

/// Of "steps/01/23…"; none for the files beside a record.
std::optional<base::Digest> key_of(const base::RelPath& file) {
  const std::string_view path = file.str();
  if (!path.starts_with(kFolder) || path.size() < kFolder.size() + kShardDigits + 1)
    return std::nullopt;
  const auto shard = path.substr(kFolder.size(), kShardDigits);
  const auto rest = path.substr(kFolder.size() + kShardDigits + 1);
  return base::Digest::try_parse("sha256:" + std::string(shard) + std::string(rest));
}

std::optional<std::string> instruction_of(LocalCache& cache, const base::Digest& key) {
  const auto ingredients = cache.open_ingredients(key);
  if (!ingredients) return std::nullopt;
  for (const auto& detail : ingredients->details()) {
    if (detail.name == "step") return detail.value;
  }
  return std::nullopt;
}

}  // namespace

void describe_steps(const layers::Store& store, std::vector<CacheItem>& items) {
  LocalCache cache(store.cache_dir("steps"));
  for (auto& item : items) {
    if (item.kind != CacheItem::Kind::step) continue;
    for (const auto& file : item.files) {
      const auto key = key_of(file);
      const auto text = key ? instruction_of(cache, *key) : std::nullopt;
      if (!text) continue;
      item.description = base::printable(*text);
      break;
    }
  }
}

}  // namespace ibuild::builder
