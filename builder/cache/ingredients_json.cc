#include "builder/cache/ingredients_json.h"

#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace ibuild::builder {
namespace {

constexpr std::size_t kPieceBytes = 64 << 10;

/// JSON holds text only, names of files are bytes: each byte becomes the code point of its number.
std::string to_text(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += {static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3f))};
    }
  }
  return text;
}

std::string to_bytes(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const auto c = base::decode_utf8(text);
    bytes += static_cast<char>(static_cast<unsigned char>(c.code_point));
    text.remove_prefix(c.size);
  }
  return bytes;
}

class PieceWriter {
 public:
  PieceWriter(std::uint64_t max_bytes, base::ByteSink& out) : max_bytes_(max_bytes), out_(out) {}

  bool add(std::string_view text) {
    piece_ += text;
    return piece_.size() < kPieceBytes || flush();
  }

  /// `tell` gives the items to what it is handed, until that wants no more.
  template <typename Tell>
  bool add_list(const Tell& tell) {
    bool fits = add("[");
    std::string_view separator;
    tell([&](std::string_view name, std::string_view value) {
      fits = fits && add(separator) && add(nlohmann::json{to_text(name), to_text(value)}.dump());
      separator = ",";
      return fits;
    });
    return fits && add("]");
  }

  bool flush() {
    written_ += piece_.size();
    if (written_ > max_bytes_) return false;
    out_.write(base::as_bytes(piece_));
    piece_.clear();
    return true;
  }

 private:
  std::uint64_t max_bytes_;
  base::ByteSink& out_;
  std::string piece_;
  std::uint64_t written_ = 0;
};

/// The bytes of a source one by one.
class PieceReader {
 public:
  explicit PieceReader(base::ByteSource& source) : source_(source), piece_(kPieceBytes, '\0') {
    fill();
  }
  bool at_end() const { return size_ == 0; }
  char front() const { return piece_[at_]; }
  void next() {
    if (++at_ == size_) fill();
  }

 private:
  void fill() {
    at_ = 0;
    size_ = source_.read(std::as_writable_bytes(std::span(piece_)));
  }

  base::ByteSource& source_;
  std::string piece_;
  std::size_t at_ = 0;
  std::size_t size_ = 0;
};

/// The same in the form that the JSON parser wants; without a reader it is the end.
class CharIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  CharIterator() = default;
  explicit CharIterator(PieceReader& pieces) : pieces_(&pieces) {}
  char operator*() const { return pieces_->front(); }
  CharIterator& operator++() {
    pieces_->next();
    return *this;
  }
  bool operator==(const CharIterator& other) const { return at_end() == other.at_end(); }

 private:
  bool at_end() const { return pieces_ == nullptr || pieces_->at_end(); }
  PieceReader* pieces_ = nullptr;
};

/// Takes {"ingredients": [[name, value], …], "details": […]} as it is read, without a tree of it.
class Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  StepKey take() { return std::move(key_); }
  bool complete() const { return lists_ == 2 && depth_ == 0; }

  bool start_object(std::size_t) override { return depth_++ == 0; }
  bool end_object() override { return --depth_ == 0; }
  bool key(string_t& name) override {
    details_ = name == "details";
    ++lists_;
    return details_ || name == "ingredients";
  }
  bool start_array(std::size_t) override {
    texts_.clear();
    return ++depth_ <= kPairDepth;
  }
  bool end_array() override {
    if (depth_-- < kPairDepth) return true;
    if (texts_.size() != 2) return false;
    if (details_) {
      key_.add_detail(texts_[0], texts_[1]);
    } else {
      key_.add(std::move(texts_[0]), std::move(texts_[1]));
    }
    return true;
  }
  bool string(string_t& text) override {
    if (depth_ != kPairDepth || texts_.size() >= 2) return false;
    texts_.push_back(to_bytes(text));
    return true;
  }
  bool null() override { return false; }
  bool boolean(bool) override { return false; }
  bool number_integer(number_integer_t) override { return false; }
  bool number_unsigned(number_unsigned_t) override { return false; }
  bool number_float(number_float_t, const string_t&) override { return false; }
  bool binary(binary_t&) override { return false; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

 private:
  static constexpr int kPairDepth = 3;  // object, list, pair

  StepKey key_;
  int depth_ = 0;
  int lists_ = 0;
  bool details_ = false;
  std::vector<std::string> texts_;
};

}  // namespace

bool write_ingredients(const StepKey& key, std::uint64_t max_bytes, base::ByteSink& out) {
  PieceWriter writer(max_bytes, out);
  const auto ingredients = [&](const auto& take) {
    for (const auto& item : key.ingredients()) {
      if (!take(item.name, item.value)) return;
    }
  };
  const auto details = [&](const auto& take) { key.for_each_detail(take); };
  return writer.add(R"({"ingredients":)") && writer.add_list(ingredients) &&
         writer.add(R"(,"details":)") && writer.add_list(details) && writer.add("}") &&
         writer.flush();
}

std::optional<StepKey> read_ingredients(base::ByteSource& source) {
  Reader reader;
  PieceReader pieces(source);
  if (!nlohmann::json::sax_parse(CharIterator(pieces), CharIterator(), &reader) ||
      !reader.complete()) {
    return std::nullopt;
  }
  return reader.take();
}

}  // namespace ibuild::builder
