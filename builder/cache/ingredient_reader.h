#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stream.h"
#include "builder/cache/json_scanner.h"
#include "builder/cache_key.h"

namespace ibuild::builder {

/// What the name of a file's detail begins with.
inline constexpr std::string_view kFileKind = "file ";

/// Reads what write_ingredients wrote. Of the files, of which there may be very many, it holds two
/// at a time. For one thread. Throws: what the source throws.
class IngredientReader {
 public:
  struct File {
    std::string_view path;
    std::string_view fingerprint;
  };

  /// Reads until the first file. None: it is something else, or larger than anything that a step is
  /// made of.
  static std::optional<IngredientReader> open(std::unique_ptr<base::ByteSource> source);

  const std::vector<Ingredient>& ingredients() const { return ingredients_; }
  /// Without files.
  const std::vector<Ingredient>& details() const { return details_; }
  /// The next file, in walk order; none after the last. Valid until the next call.
  std::optional<File> next_file();
  /// Whether the files ended with something that write_ingredients does not write: then nothing
  /// that was read counts.
  bool is_damaged() const { return is_damaged_; }

 private:
  explicit IngredientReader(std::unique_ptr<base::ByteSource> source);
  void read_head();
  void expect(std::string_view text);
  bool read_pair();
  bool read_detail();
  void keep(std::vector<Ingredient>& list);

  JsonScanner scanner_;
  std::vector<Ingredient> ingredients_;
  std::vector<Ingredient> details_;
  std::size_t room_;          // for what is kept, and for any text
  bool is_first_ = true;      // of a list
  std::string name_, value_;  // as they were read last
  bool has_next_ = false;     // they are a file
  std::string given_name_, given_value_;
  bool is_damaged_ = false;
};

}  // namespace ibuild::builder
