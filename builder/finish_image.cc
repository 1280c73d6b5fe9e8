#include "builder/finish_image.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace ibuild::builder {
namespace {

constexpr std::string_view kUnknownLayer = "created by an unknown step";

struct Entry {
  image::HistoryEntry entry;
  std::optional<base::TimePoint> created;
  bool from_base = false;
};

/// The base's entries, made to count as many layers as the base has: images without history exist.
std::vector<Entry> base_entries(const PlannedImage& image, std::size_t base_layers) {
  std::vector<Entry> entries;
  std::size_t counted = 0;
  for (const auto& planned : image.history) {
    if (!planned.from_base) continue;
    Entry entry{planned.entry, base::parse_rfc3339(planned.entry.created), true};
    if (!entry.entry.empty_layer && counted == base_layers) entry.entry.empty_layer = true;
    if (!entry.entry.empty_layer) ++counted;
    entries.push_back(std::move(entry));
  }
  for (; counted < base_layers; ++counted) {
    Entry entry;
    entry.entry.created_by = kUnknownLayer;
    entry.from_base = true;
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::size_t count_base_layers(const PlannedImage& image, const BuildPlan& plan,
                              const std::vector<StepResult>& results) {
  auto step = image.tip;
  while (step && plan.steps[*step].parent) step = plan.steps[*step].parent;
  if (!step || !std::holds_alternative<BaseOp>(plan.steps[*step].op)) return 0;
  return results[*step].chain.size();
}

/// Times for entries that have none: the first new layer's, or the last one known before.
void fill_in_times(std::vector<Entry>& entries) {
  std::optional<base::TimePoint> created;
  bool gap = false;
  for (const auto& entry : entries) {
    if (!entry.created) {
      gap = true;
    } else {
      created = entry.created;
      if (gap) break;
    }
  }
  gap = false;
  for (auto& entry : entries) {
    if (!entry.created) {
      gap = true;
      entry.created = created;
    } else if (gap) {
      created = entry.created;
    }
  }
}

}  // namespace

FinishedImage finish_image(const PlannedImage& image, const BuildPlan& plan,
                           const std::vector<StepResult>& results, const base::Clock& clock) {
  FinishedImage finished;
  finished.config = image.config;
  finished.config.inline_cache.clear();  // that of the base is not this image's
  if (image.tip) finished.layers = results[*image.tip].chain.layers();
  for (const auto& layer : finished.layers) finished.config.diff_ids.push_back(layer.diff_id);

  finished.base_layers = count_base_layers(image, plan, results);
  auto entries = base_entries(image, finished.base_layers);
  finished.base_history = entries.size();
  for (const auto& planned : image.history) {
    if (planned.from_base) continue;
    Entry entry{planned.entry, std::nullopt, false};
    if (clock.is_fixed()) {
      entry.created = clock.now();
    } else if (!entry.entry.empty_layer) {
      entry.created = results[*planned.step].created;
    }
    entries.push_back(std::move(entry));
  }
  fill_in_times(entries);
  for (auto& entry : entries) {
    if (entry.created && !entry.from_base)
      entry.entry.created = base::format_rfc3339(*entry.created);
    if (entry.created && entry.from_base && entry.entry.created.empty()) {
      entry.entry.created = base::format_rfc3339(*entry.created);
    }
    if (entry.created) finished.config.created = base::format_rfc3339(*entry.created);
    finished.config.history.push_back(std::move(entry.entry));
  }
  return finished;
}

}  // namespace ibuild::builder
