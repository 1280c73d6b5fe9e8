// Any bytes as the ingredients of a step's key: refused, or the same when they are written and read
// again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/stream.h"
#include "builder/cache/ingredient_reader.h"
#include "builder/cache/ingredients_json.h"
#include "builder/cache_key.h"

namespace {

using namespace ibuild;

constexpr std::uint64_t kMaxBytes = 64 << 20;

struct Told {
  std::vector<builder::Ingredient> ingredients;
  std::vector<builder::Ingredient> details;
  std::vector<std::pair<std::string, std::string>> files;
  bool operator==(const Told&) const = default;
};

std::optional<Told> read(const std::string& bytes) {
  auto reader = builder::IngredientReader::open(std::make_unique<base::StringSource>(bytes));
  if (!reader) return std::nullopt;
  Told told{reader->ingredients(), reader->details(), {}};
  while (const auto file = reader->next_file())
    told.files.emplace_back(file->path, file->fingerprint);
  return reader->is_damaged() ? std::nullopt : std::optional(std::move(told));
}

std::string written(const Told& told) {
  builder::StepKey key;
  for (const auto& [name, value] : told.ingredients) key.add(name, value);
  for (const auto& [name, value] : told.details) key.add_detail(name, value);
  key.set_files([&](const builder::TakeFile& take) {
    for (const auto& [path, fingerprint] : told.files) take(path, fingerprint);
  });
  base::StringSink out;
  if (!builder::write_ingredients(key, kMaxBytes, out)) std::abort();
  return out.take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto told = read({reinterpret_cast<const char*>(data), size});
  if (told && read(written(*told)) != told) std::abort();
  return 0;
}
