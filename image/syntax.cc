#include "image/syntax.h"

#include <algorithm>

#include "base/digest.h"

namespace ibuild::image {

namespace {

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

bool is_restricted_name(std::string_view name) {
  return !name.empty() && name.size() <= 127 && is_alnum(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alnum(c) || is_one_of(c, "!#$&^_.+-"); });
}

/// Words of lower-case letters and digits, joined by single separators.
bool is_digest_algorithm(std::string_view text) {
  bool after_word = false;
  for (char c : text) {
    if (is_lower_alnum(c)) {
      after_word = true;
    } else if (after_word && is_one_of(c, "+._-")) {
      after_word = false;
    } else {
      return false;
    }
  }
  return after_word;
}

}  // namespace

bool is_media_type(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && is_restricted_name(text.substr(0, slash)) &&
         is_restricted_name(text.substr(slash + 1));
}

bool is_digest_syntax(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view algorithm = text.substr(0, colon);
  const std::string_view encoded = text.substr(colon + 1);
  if (algorithm == "sha256" || algorithm == "sha512") {
    return base::Digest::try_parse(text).has_value();
  }
  return is_digest_algorithm(algorithm) && !encoded.empty() &&
         std::all_of(encoded.begin(), encoded.end(),
                     [](char c) { return is_alnum(c) || is_one_of(c, "=_-"); });
}

}  // namespace ibuild::image
