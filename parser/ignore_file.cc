// See: https://docs.docker.com/build/concepts/context/#dockerignore-files
#include "parser/clean_path.h"
#include "parser/ignore_matcher.h"
#include "parser/logical_line.h"
#include "parser/unicode.h"

namespace ibuild::parser {

std::vector<std::string> read_ignore_file(std::string_view content) {
  std::vector<std::string> patterns;
  SourceLines lines(content);
  while (const auto line = lines.next()) {
    if (line->text.starts_with('#')) continue;
    std::string_view text = trim_space(line->text);
    if (text.empty()) continue;
    std::string pattern;
    if (text.front() == '!') {
      pattern = "!";
      text = trim_space(text.substr(1));
    }
    if (!text.empty()) {
      const std::string cleaned = clean_path(text);
      pattern += cleaned.size() > 1 && cleaned.front() == '/' ? cleaned.substr(1) : cleaned;
    }
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

}  // namespace ibuild::parser
