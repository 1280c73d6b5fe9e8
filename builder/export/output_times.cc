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

/// The time of an output, and whom it concerns.
struct TimeLimit {
  base::TimePoint time;
  bool is_for_all = false;  // not for later ones alone
  bool concerns(base::TimePoint other) const { return is_for_all ? other != time : other > time; }
};

/// RFC 3339; an empty text is no time, and gets one.
void set_text(std::string& text, const TimeLimit& limit) {
  const auto time = base::parse_rfc3339(text);
  if (!time || limit.concerns(*time)) text = base::format_rfc3339(limit.time);
}

void set_config(FinishedImage& image, const TimeLimit& limit) {
  auto& history = image.config.history;
  for (std::size_t i = image.base_history; i < history.size(); ++i)
    set_text(history[i].created, limit);
  set_text(image.config.created, limit);
}

/// One entry at a time: a layer may have a million.
bool concerns_some(const TimeLimit& limit, const layers::LayerIndex& index) {
  for (std::size_t i = 0; i < index.size(); ++i) {
    if (limit.concerns(index.copy_of(i).mtime)) return true;
  }
  return false;
}

layers::Layer set_times(const layers::Layer& layer, const TimeLimit& limit,
                        const layers::LayerStore& store, std::stop_token stop) {
  const auto index = store.index(layer, stop);
  if (!concerns_some(limit, *index)) return layer;
  const auto changed_layer = store.begin_layer();
  for (std::size_t i = 0; i < index->size(); ++i) {
    if (stop.stop_requested()) throw base::CancelledError();
    const auto entry = index->copy_of(i);
    auto changed = entry;
    if (limit.concerns(entry.mtime)) changed.mtime = limit.time;
    const auto data = entry.type == layers::EntryType::file ? store.open_file(layer, entry, stop)
                                                            : std::unique_ptr<base::ByteSource>();
    changed_layer->add(std::move(changed), data.get());
  }
  return changed_layer->commit();
}

}  // namespace

TimeRewriting read_time_rewriting(const OutputAttributes& attributes, TimeRewriting otherwise) {
  if (attributes.text(kRewriteAttribute) == "all") return TimeRewriting::all;
  if (!attributes.text(kRewriteAttribute)) return otherwise;
  return attributes.flag(kRewriteAttribute, false) ? TimeRewriting::later : TimeRewriting::none;
}

base::Clock output_clock(const OutputAttributes& attributes, const base::Clock& of_build) {
  if (!attributes.text(kEpochAttribute)) return of_build;
  return base::Clock(read_epoch(attributes));
}

FinishedImage with_output_times(const FinishedImage& image, const OutputAttributes& attributes,
                                const layers::Store& store, std::stop_token stop) {
  FinishedImage timed = image;
  const auto epoch = read_epoch(attributes);
  if (!epoch) return timed;
  const auto rewriting = read_time_rewriting(attributes, TimeRewriting::none);
  const TimeLimit limit{.time = *epoch, .is_for_all = rewriting == TimeRewriting::all};
  set_config(timed, limit);
  if (rewriting == TimeRewriting::none) return timed;
  for (std::size_t i = timed.base_layers; i < timed.layers.size(); ++i) {
    auto layer = set_times(timed.layers[i], limit, store.layers(), stop);
    if (layer.diff_id != timed.layers[i].diff_id) replace_layer(timed, i, std::move(layer));
  }
  return timed;
}

}  // namespace ibuild::builder
