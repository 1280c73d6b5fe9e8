#include "builder/cache/ingredient_reader.h"

#include <utility>

#include "layers/layer_entry.h"

namespace ibuild::builder {
namespace {

/// For all but the files: the text of a heredoc is an ingredient as well.
constexpr std::size_t kMaxHeadBytes = 8 << 20;

std::string_view path_of(std::string_view name) { return name.substr(kFileKind.size()); }

}  // namespace

IngredientReader::IngredientReader(std::unique_ptr<base::ByteSource> source)
    : scanner_(std::move(source)), room_(kMaxHeadBytes) {}

std::optional<IngredientReader> IngredientReader::open(std::unique_ptr<base::ByteSource> source) {
  IngredientReader reader(std::move(source));
  reader.read_head();
  if (reader.is_damaged_) return std::nullopt;
  return reader;
}

void IngredientReader::read_head() {
  expect(R"({"ingredients":[)");
  while (read_pair()) keep(ingredients_);
  expect(R"(,"details":[)");
  is_first_ = true;
  while ((has_next_ = read_detail()) && !name_.starts_with(kFileKind)) keep(details_);
}

void IngredientReader::expect(std::string_view text) {
  is_damaged_ = is_damaged_ || !scanner_.take(text);
}

/// False behind the last of a list.
bool IngredientReader::read_pair() {
  if (is_damaged_ || scanner_.take(']')) return false;
  const bool is_good = (std::exchange(is_first_, false) || scanner_.take(',')) &&
                       scanner_.take('[') && scanner_.take_text(name_, room_) &&
                       scanner_.take(',') && scanner_.take_text(value_, room_) &&
                       scanner_.take(']');
  is_damaged_ = !is_good;
  return is_good;
}

bool IngredientReader::read_detail() {
  if (read_pair()) return true;
  expect("}");
  is_damaged_ = is_damaged_ || !scanner_.at_end();
  return false;
}

void IngredientReader::keep(std::vector<Ingredient>& list) {
  const auto needed = sizeof(Ingredient) + name_.size() + value_.size();
  is_damaged_ = needed > room_;
  if (is_damaged_) return;
  room_ -= needed;
  list.push_back({std::move(name_), std::move(value_)});
}

/// What was read last is given, as it was checked before; the next one is read in its stead.
std::optional<IngredientReader::File> IngredientReader::next_file() {
  if (!has_next_) return std::nullopt;
  std::swap(name_, given_name_);
  std::swap(value_, given_value_);
  has_next_ = read_detail();
  if (has_next_ && (!name_.starts_with(kFileKind) ||
                    layers::compare_walk_order(path_of(given_name_), path_of(name_)) >= 0)) {
    is_damaged_ = true;
    has_next_ = false;
  }
  return File{path_of(given_name_), given_value_};
}

}  // namespace ibuild::builder
