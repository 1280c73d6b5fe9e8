// See: docs/build-repro.md of BuildKit.
#include "builder/export/output_times.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "builder/export/replace_layer.h"
#include "builder/source_date_epoch.h"
#include "layers/layer_builder.h"
#include "layers/layer_store.h"
#include "layers/store.h"

namespace ibuild::builder {

namespace {

std::optional<std::chrono::sys_seconds> read_epoch(const OutputAttributes& attributes) {
  const auto text = attributes.text(kEpochAttribute);
  if (!text || text->empty()) return std::nullopt;
  const auto seconds = base::parse_i64(*text);
  if (!seconds || *seconds < 0 || *seconds > kLatestEpoch) {
    throw base::UsageError(attributes.what() + ": attribute " + kEpochAttribute +
                           " takes seconds since 1970, not " + base::printable(*text));
  }
  return std::chrono::sys_seconds(std::chrono::seconds(*seconds));
}

/// RFC 3339; an empty text is no time, and gets one.
void clamp_text(std::string& text, base::TimePoint latest) {
  const auto time = base::parse_rfc3339(text);
  if (!time || *time > latest) text = base::format_rfc3339(latest);
}

void clamp_config(FinishedImage& image, base::TimePoint latest) {
  auto& history = image.config.history;
  for (std::size_t i = image.base_history; i < history.size(); ++i)
    clamp_text(history[i].created, latest);
  clamp_text(image.config.created, latest);
}

/// One entry at a time: a layer may have a million.
bool has_later(const layers::LayerIndex& index, base::TimePoint latest) {
  for (std::size_t i = 0; i < index.size(); ++i) {
    if (index.copy_of(i).mtime > latest) return true;
  }
  return false;
}

layers::Layer clamp_layer(const layers::Layer& layer, base::TimePoint latest,
                          const layers::LayerStore& store, std::stop_token stop) {
  const auto index = store.index(layer, stop);
  if (!has_later(*index, latest)) return layer;
  const auto clamped = store.begin_layer();
  for (std::size_t i = 0; i < index->size(); ++i) {
    if (stop.stop_requested()) throw base::CancelledError();
    const auto entry = index->copy_of(i);
    auto changed = entry;
    changed.mtime = std::min(entry.mtime, latest);
    const auto data = entry.type == layers::EntryType::file ? store.open_file(layer, entry, stop)
                                                            : std::unique_ptr<base::ByteSource>();
    clamped->add(std::move(changed), data.get());
  }
  return clamped->commit();
}

}  // namespace

base::Clock output_clock(const OutputAttributes& attributes, const base::Clock& of_build) {
  if (!attributes.text(kEpochAttribute)) return of_build;
  return base::Clock(read_epoch(attributes));
}

FinishedImage with_output_times(const FinishedImage& image, const OutputAttributes& attributes,
                                const layers::Store& store, std::stop_token stop) {
  FinishedImage timed = image;
  const auto epoch = read_epoch(attributes);
  if (!epoch) return timed;
  clamp_config(timed, *epoch);
  if (!attributes.flag("rewrite-timestamp", false)) return timed;
  for (std::size_t i = timed.base_layers; i < timed.layers.size(); ++i) {
    auto layer = clamp_layer(timed.layers[i], *epoch, store.layers(), stop);
    if (layer.diff_id != timed.layers[i].diff_id) replace_layer(timed, i, std::move(layer));
  }
  return timed;
}

}  // namespace ibuild::builder
