#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "builder/cache/ingredient_reader.h"
#include "builder/cache/ingredients_json.h"
#include "tests/support/pieced_text.h"

namespace ibuild::test {

inline builder::StepKey key_of(std::initializer_list<builder::Ingredient> list) {
  builder::StepKey key;
  for (const auto& item : list) key.add(item.name, item.value);
  return key;
}

/// `files` in walk order.
inline void set_files(builder::StepKey& key, std::vector<builder::Ingredient> files) {
  key.set_files([files = std::move(files)](const builder::TakeFile& take) {
    for (const auto& file : files) {
      if (!take(file.name, file.value)) return;
    }
  });
}

inline std::string note(const builder::StepKey& key) {
  base::StringSink sink;
  builder::write_ingredients(key, std::numeric_limits<std::uint64_t>::max(), sink);
  return sink.take();
}

inline std::optional<builder::IngredientReader> try_read_note(std::string_view text,
                                                              std::size_t piece_bytes = 1) {
  return builder::IngredientReader::open(std::make_unique<PiecedText>(text, piece_bytes));
}

/// A key as a later build finds it.
inline builder::IngredientReader noted(const builder::StepKey& key) {
  return try_read_note(note(key)).value();
}

}  // namespace ibuild::test
