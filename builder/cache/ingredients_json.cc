#include "builder/cache/ingredients_json.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "builder/cache/ingredient_reader.h"
#include "builder/cache/json_scanner.h"

namespace ibuild::builder {
namespace {

constexpr std::size_t kPieceBytes = 64 << 10;

class PieceWriter {
 public:
  PieceWriter(std::uint64_t max_bytes, base::ByteSink& out) : max_bytes_(max_bytes), out_(out) {}

  void begin_list(std::string_view before) {
    piece_.append(before).append("[");
    is_first_ = true;
  }
  /// Here and below: false when it is too much.
  bool add(std::string_view name, std::string_view value, std::string_view kind = {}) {
    piece_ += is_first_ ? "[" : ",[";
    is_first_ = false;
    name_.assign(kind).append(name);
    append_json_text(piece_, name_);
    piece_ += ',';
    append_json_text(piece_, value);
    piece_ += ']';
    return piece_.size() < kPieceBytes || flush();
  }
  bool add_all(const std::vector<Ingredient>& list) {
    for (const auto& item : list) {
      if (!add(item.name, item.value)) return false;
    }
    return true;
  }
  void end_list() { piece_ += ']'; }
  bool finish() {
    piece_ += '}';
    return flush();
  }

 private:
  bool flush() {
    written_ += piece_.size();
    if (written_ > max_bytes_) return false;
    out_.write(base::as_bytes(piece_));
    piece_.clear();
    return true;
  }

  std::uint64_t max_bytes_;
  base::ByteSink& out_;
  std::string piece_;
  std::string name_;
  bool is_first_ = true;
  std::uint64_t written_ = 0;
};

}  // namespace

bool write_ingredients(const StepKey& key, std::uint64_t max_bytes, base::ByteSink& out) {
  PieceWriter writer(max_bytes, out);
  writer.begin_list(R"({"ingredients":)");
  if (!writer.add_all(key.ingredients())) return false;
  writer.end_list();
  writer.begin_list(R"(,"details":)");
  bool fits = writer.add_all(key.details());
  if (!fits) return false;
  key.for_each_file([&](std::string_view path, std::string_view fingerprint) {
    return fits = writer.add(path, fingerprint, kFileKind);
  });
  writer.end_list();
  return fits && writer.finish();
}

}  // namespace ibuild::builder
