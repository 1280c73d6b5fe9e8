// See: SPDX 2.3, Annex D, "SPDX license expressions".
#include "builder/sbom/license.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/text.h"

namespace ibuild::builder {

namespace {

constexpr const char* kNothing = "NOASSERTION";
constexpr std::size_t kMaxTokens = 200;
constexpr int kMaxDepth = 20;

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '+' || c == '_' || c == ':';
}

std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    if (is_id_character(text[i])) {
      while (end < text.size() && is_id_character(text[end])) ++end;
    }
    if (text[i] != ' ' && text[i] != '\t') tokens.emplace_back(text.substr(i, end - i));
    i = end;
  }
  return tokens;
}

/// Reads an expression and writes it with the ids of the list.
class Parser {
 public:
  explicit Parser(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {}

  /// None when it is no expression, or has ids that are not known.
  std::optional<std::string> parse() {
    if (tokens_.empty() || tokens_.size() > kMaxTokens) return std::nullopt;
    auto text = any_of(0);
    if (!text || at_ != tokens_.size()) return std::nullopt;
    return text;
  }

 private:
  bool next_is(std::string_view word) const {
    return at_ < tokens_.size() && base::iequals(tokens_[at_], word);
  }
  std::optional<std::string> any_of(int depth) { return joined("OR", depth); }
  std::optional<std::string> joined(const char* word, int depth) {
    const bool is_or = std::string_view(word) == "OR";
    auto text = is_or ? joined("AND", depth) : simple(depth);
    while (text && next_is(word)) {
      ++at_;
      const auto more = is_or ? joined("AND", depth) : simple(depth);
      if (!more) return std::nullopt;
      *text += " " + std::string(word) + " " + *more;
    }
    return text;
  }
  std::optional<std::string> simple(int depth) {
    if (depth > kMaxDepth || at_ == tokens_.size()) return std::nullopt;
    if (next_is("(")) {
      ++at_;
      const auto inner = any_of(depth + 1);
      if (!inner || !next_is(")")) return std::nullopt;
      ++at_;
      return "(" + *inner + ")";
    }
    const auto id = spdx_license_id(tokens_[at_]);
    if (id.empty()) return std::nullopt;
    ++at_;
    return with_exception(std::string(id));
  }
  std::optional<std::string> with_exception(std::string id) {
    if (!next_is("WITH")) return id;
    ++at_;
    if (at_ == tokens_.size()) return std::nullopt;
    const auto& exception = tokens_[at_++];
    // The list of exceptions is not known here; almost all of its ids say that they are one.
    if (base::to_lower(exception).find("exception") == std::string::npos) return std::nullopt;
    return id + " WITH " + exception;
  }

  std::vector<std::string> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

std::string LicenseTerms::own_id(std::string_view text) {
  std::string id = "LicenseRef-";
  for (const char c : text.substr(0, 40)) {
    const bool is_allowed = is_id_character(c) && c != '+' && c != '_' && c != ':';
    if (is_allowed) {
      id += c;
    } else if (!id.ends_with('-')) {
      id += '-';
    }
  }
  while (id.ends_with('-')) id.pop_back();
  const bool is_whole = id == "LicenseRef-" + std::string(text);
  if (!is_whole) id += "-" + base::sha256_of(text).short_hex();
  own_.emplace(id, std::string(text));
  return id;
}

std::string LicenseTerms::expression(std::string_view text) {
  text = base::trim(text);
  if (text.empty() || text == kNothing) return kNothing;
  if (text == "NONE") return "NONE";
  if (const auto id = spdx_license_id(text); !id.empty()) return std::string(id);
  if (auto known = Parser(tokens_of(text)).parse()) return *std::move(known);
  return own_id(text);
}

}  // namespace ibuild::builder
