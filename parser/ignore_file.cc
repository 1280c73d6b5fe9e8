// See: https://docs.docker.com/build/concepts/context/#dockerignore-files
#include <cstddef>
#include <optional>
#include <string>

#include "base/error.h"
#include "parser/clean_path.h"
#include "parser/ignore_matcher.h"
#include "parser/logical_line.h"
#include "parser/unicode.h"

namespace ibuild::parser {
namespace {

/// None when the line has no pattern.
std::optional<std::string> read_line(std::string_view line) {
  if (line.starts_with('#')) return std::nullopt;
  std::string_view text = trim_space(line);
  if (text.empty()) return std::nullopt;
  std::string pattern;
  if (text.front() == '!') {
    pattern = "!";
    text = trim_space(text.substr(1));
  }
  if (!text.empty()) {
    const std::string cleaned = clean_path(text);
    pattern += cleaned.size() > 1 && cleaned.front() == '/' ? cleaned.substr(1) : cleaned;
  }
  return pattern;
}

/// The number of the first line whose pattern is bad; 0: none by itself.
std::size_t find_bad_line(std::string_view content) {
  SourceLines lines(content);
  for (std::size_t number = 1; const auto line = lines.next(); ++number) {
    const auto pattern = read_line(line->text);
    if (!pattern) continue;
    try {
      const IgnoreMatcher matcher(std::span(&*pattern, 1));
    } catch (const base::UsageError&) {
      return number;
    }
  }
  return 0;
}

}  // namespace

std::vector<std::string> read_ignore_file(std::string_view content) {
  std::vector<std::string> patterns;
  SourceLines lines(content);
  while (const auto line = lines.next()) {
    if (auto pattern = read_line(line->text)) patterns.push_back(*std::move(pattern));
  }
  return patterns;
}

IgnoreMatcher parse_ignore_file(std::string_view content) {
  try {
    return IgnoreMatcher(read_ignore_file(content));
  } catch (const base::UsageError& error) {  // of a file, as mistakes in a Dockerfile are
    const auto line = find_bad_line(content);
    base::ContentError fault(error.what());
    fault.add_context("ignore file" + (line == 0 ? "" : ", line " + std::to_string(line)));
    throw fault;
  }
}

}  // namespace ibuild::parser
