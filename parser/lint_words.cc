#include "parser/lint_words.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "parser/git_reference.h"

namespace ibuild::parser {

namespace {

/// Whether one of the words between the underscores of a name is in a list; letter case does not
/// count.
template <std::size_t N>
bool has_word(std::string_view name, const std::array<std::string_view, N>& words) {
  const std::string lower = base::to_lower(name);
  for (const std::string_view part : base::split(lower, '_')) {
    if (std::find(words.begin(), words.end(), part) != words.end()) return true;
  }
  return false;
}

}  // namespace

bool names_a_secret(std::string_view name) {
  constexpr std::array<std::string_view, 10> kSecret = {
      "apikey",   "auth",  "credential", "credentials", "key",
      "password", "pword", "passwd",     "secret",      "token"};
  constexpr std::array<std::string_view, 3> kHarmless = {"public", "file", "version"};
  return has_word(name, kSecret) && !has_word(name, kHarmless);
}

bool ignores_everything(const IgnoreMatcher& ignore) {
  for (const std::string& pattern : ignore.patterns()) {
    if (pattern == "*" || pattern == "**" || pattern == "**/*") return true;
  }
  return false;
}

bool is_url(std::string_view source) {
  return source.starts_with("http://") || source.starts_with("https://");
}

bool is_repository(std::string_view source) {
  const auto git = parse_git_reference(source);
  return git && !git->looks_local;
}

bool is_absolute_on_windows(std::string path) {
  std::replace(path.begin(), path.end(), '\\', '/');
  if (path.starts_with("//")) return false;
  const auto colon = path.find(':');
  if (colon == std::string::npos) return path.starts_with('/');
  return colon == 1 && (path[0] == 'c' || path[0] == 'C') && path.substr(2).starts_with('/');
}

}  // namespace ibuild::parser
