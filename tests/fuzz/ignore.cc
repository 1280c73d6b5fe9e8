// The last line is a path, those before it are an ignore file. What a walk may prune it must not
// need, and without exceptions a walk down to the path must come to the same verdict as asking for
// it at once. (With exceptions the two may differ, as they do in the rules' original.)
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "parser/clean_path.h"
#include "parser/ignore_matcher.h"

using namespace ibuild;

namespace {

void require(bool condition) {
  if (!condition) __builtin_trap();
}

struct Walk {
  bool is_excluded = false;
  bool was_pruned = false;
};

Walk walk_to(const parser::IgnoreMatcher& matcher, std::string_view path) {
  std::optional<parser::IgnoreMatcher::Verdict> verdict;
  Walk walk;
  for (std::size_t slash = 0; slash != std::string_view::npos;) {
    slash = path.find('/', slash + 1);
    const std::string_view part = path.substr(0, slash);
    verdict = matcher.match_with_parent(part, verdict ? &*verdict : nullptr);
    if (slash != std::string_view::npos && verdict->excluded && matcher.can_prune(part)) {
      walk.was_pruned = true;
    }
  }
  walk.is_excluded = verdict->excluded;
  return walk;
}

void check(const parser::IgnoreMatcher& matcher, const std::string& path) {
  const bool is_excluded = matcher.matches(path);
  if (path.starts_with('/') || path.starts_with("..") || path == ".") return;
  const Walk walk = walk_to(matcher, path);
  require(matcher.has_exceptions() || walk.is_excluded == is_excluded);
  require(!walk.was_pruned || walk.is_excluded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.rfind('\n');
  std::string_view last = end == std::string_view::npos ? input : input.substr(end + 1);
  last = last.substr(0, 4096);  // what the kernel takes for a path
  const std::string_view file = end == std::string_view::npos ? "" : input.substr(0, end);
  const std::string path = parser::clean_path(last);
  parser::has_wildcard(last);
  try {
    const parser::IgnoreMatcher matcher(parser::read_ignore_file(file));
    check(matcher, path);
    parser::go_match(file.substr(0, 4096), path);
  } catch (const base::UsageError&) {
  }
  return 0;
}
