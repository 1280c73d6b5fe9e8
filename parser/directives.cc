// See: https://docs.docker.com/reference/dockerfile/#parser-directives
#include "parser/directives.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/text.h"
#include "parser/json_strings.h"
#include "parser/logical_line.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

bool is_regex_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

std::string_view trim_regex_space(std::string_view text) {
  while (!text.empty() && is_regex_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_regex_space(text.back())) text.remove_suffix(1);
  return text;
}

/// The directive that stands in a line behind its comment mark.
std::optional<Directive> directive_of_line(const SourceLines::Line& line, std::string_view mark) {
  const std::string_view content = line.content();
  const std::string_view trimmed = trim_left_space(content);
  if (!trimmed.starts_with(mark)) return std::nullopt;
  std::optional<Directive> directive =
      parse_directive_text(trim_left_space(trimmed.substr(mark.size())));
  if (!directive) return std::nullopt;
  const int indent = static_cast<int>(content.size() - trimmed.size());
  const int last = static_cast<int>(content.size());
  directive->range = {{line.number, indent + 1}, {line.number, last}};
  return directive;
}

void add_directive(DirectiveBlock& block, Directive directive) {
  for (const Directive& earlier : block.directives) {
    if (earlier.name != directive.name) continue;
    throw DockerfileError("duplicate-directive", directive.range,
                          "only one " + directive.name + " parser directive can be used");
  }
  block.directives.push_back(std::move(directive));
}

char escape_of(const Directive& directive) {
  if (directive.value == "\\" || directive.value == "`") return directive.value.front();
  throw DockerfileError(
      "invalid-directive", directive.range,
      "invalid escape token '" + base::printable(directive.value) + "': it must be \\ or `");
}

/// Directives behind a `#!` line are comments to the lexer, which reads no escape there.
void parse_behind_shebang(SourceLines& lines, DirectiveBlock& block) {
  while (const auto line = lines.next()) {
    std::optional<Directive> directive = directive_of_line(*line, "#");
    if (!directive) return;
    if (directive->name != "escape") add_directive(block, *std::move(directive));
  }
}

}  // namespace

std::optional<Directive> parse_directive_text(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  std::string_view key = text.substr(0, equals);
  while (!key.empty() && is_regex_space(key.back())) key.remove_suffix(1);
  const std::string_view value = trim_regex_space(text.substr(equals + 1));
  const std::string name = base::to_lower(key);
  if (value.empty() || (name != "syntax" && name != "escape" && name != "check")) {
    return std::nullopt;
  }
  return Directive{name, std::string(value), {}};
}

std::string_view first_word(std::string_view value) { return value.substr(0, value.find(' ')); }

DirectiveBlock parse_directives(std::string_view source) {
  DirectiveBlock block;
  SourceLines lines(source);
  while (const auto line = lines.next()) {
    if (line->number == 1 && line->text.starts_with("#!")) {
      parse_behind_shebang(lines, block);
      return block;
    }
    std::optional<Directive> directive = directive_of_line(*line, "#");
    if (!directive) return block;
    if (directive->name == "escape") block.escape = escape_of(*directive);
    add_directive(block, *std::move(directive));
    block.last_line = line->number;
  }
  return block;
}

std::optional<Directive> find_directive(std::string_view source, std::string_view name) {
  std::set<std::string> seen;
  SourceLines lines(source);
  while (const auto line = lines.next()) {
    if (line->number == 1 && line->text.starts_with("#!")) continue;
    std::optional<Directive> directive = directive_of_line(*line, "#");
    if (!directive || !seen.insert(directive->name).second) return std::nullopt;
    if (directive->name == name) return directive;
  }
  return std::nullopt;
}

std::optional<Directive> detect_syntax(std::string_view source) {
  for (const std::string_view mark : {"#", "//"}) {
    SourceLines lines(source);
    while (const auto line = lines.next()) {
      if (line->number == 1 && line->text.starts_with("#!")) continue;
      std::optional<Directive> directive = directive_of_line(*line, mark);
      if (!directive) break;
      if (directive->name == "syntax") return directive;
    }
  }
  std::optional<std::string> value = find_json_string(source, "syntax");
  if (!value) return std::nullopt;
  return Directive{"syntax", *std::move(value), {{1, 0}, {1, 0}}};
}

bool is_dockerfile_frontend(std::string_view image) {
  image = image.substr(0, image.find('@'));
  for (const std::string_view host : {"docker.io/", "index.docker.io/", "registry-1.docker.io/"}) {
    if (image.starts_with(host)) image.remove_prefix(host.size());
  }
  image = image.substr(0, image.find(':'));
  return image == "docker/dockerfile" || image == "docker/dockerfile-upstream";
}

}  // namespace ibuild::parser
