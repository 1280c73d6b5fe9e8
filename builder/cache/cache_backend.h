#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "builder/cache/ingredient_reader.h"
#include "builder/cache_key.h"
#include "image/descriptor.h"

namespace ibuild::builder {

/// What a step made.
struct StepRecord {
  std::optional<base::Digest> layer;  // diff-id; none in records of older versions
  base::TimePoint created{};          // when it was made
  /// When a step was last seen to make it: `created` of a layer that was made again stays.
  base::TimePoint stored{};
  /// Further keys that lead here: by the layer's content, by the content of what the step read.
  std::vector<base::Digest> also = {};
  /// The layer's compressed form, where the layer came as that.
  std::optional<image::Descriptor> blob = {};
  bool operator==(const StepRecord&) const = default;
};

/// Remembers what steps made, by key. Finding nothing is never an error: a record that is damaged
/// or out of reach is not there. For any thread.
class CacheBackend {
 public:
  virtual ~CacheBackend() = default;
  /// `damaged` is set to a message when there was a record but it could not be used.
  virtual std::optional<StepRecord> find(const base::Digest& key, std::string& damaged) = 0;
  virtual void put(const base::Digest& key, const StepRecord& record) = 0;

  /// The ingredients that stood behind a key, for `why`, read as far as somebody wants them; none
  /// when they are not known any more. What cannot be read later on is damaged, and no error
  /// either. What is given may outlive this, and is for one thread.
  virtual std::optional<IngredientReader> open_ingredients(const base::Digest& key) = 0;
  virtual void put_ingredients(const base::Digest& key, const StepKey& ingredients) = 0;
};

}  // namespace ibuild::builder
