// FROM and ONBUILD.
#include <algorithm>

#include "base/text.h"
#include "parser/flag_set.h"
#include "parser/instruction_builder.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

/// [a-z][a-z0-9-_.]*
bool is_stage_name(std::string_view name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_allowed = [is_letter](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), is_allowed);
}

void read_stage_name(const AstNode& node, From& from) {
  if (node.words.size() == 1) return;
  if (node.words.size() != 3 || !base::iequals(node.words[1], "as")) {
    fail_count(node, "FROM requires either one or three arguments: FROM <image> [AS <name>]");
  }
  from.as_keyword = node.words[1];
  from.name_as_written = node.words[2];
  from.name = base::to_lower(node.words[2]);
  if (!is_stage_name(from.name)) {
    throw DockerfileError("invalid-stage-name", node.word_ranges[2],
                          "invalid name for build stage: \"" + base::printable(node.words[2]) +
                              "\", a name starts with a letter and is made of letters, digits, "
                              "'-', '_' and '.'");
  }
}

/// "ONBUILD RUN x" → "RUN x"
std::string_view without_keyword(std::string_view text, std::string_view keyword) {
  text = trim_left_space(text);
  text.remove_prefix(keyword.size());
  const auto start = text.find_first_not_of(" \t\n\f\r");
  return text.substr(std::min(start, text.size()));
}

}  // namespace

From build_from(const AstNode& node) {
  From from;
  read_stage_name(node, from);
  std::optional<std::string> platform;
  FlagSet flags;
  flags.add_text("platform", platform);
  flags.parse(node);
  from.image = node.words[0];
  from.platform = platform.value_or("");
  return from;
}

OnBuild build_onbuild(const AstNode& node) {
  if (node.children.empty()) fail_count(node, "ONBUILD requires at least one argument");
  refuse_flags(node);
  const AstNode& child = node.children.front();
  for (const std::string_view refused : {"ONBUILD", "FROM", "MAINTAINER"}) {
    if (!base::iequals(child.keyword, refused)) continue;
    throw DockerfileError("onbuild-not-allowed", child.keyword_range,
                          refused == "ONBUILD"
                              ? "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"
                              : std::string(refused) + " isn't allowed as an ONBUILD trigger");
  }
  OnBuild onbuild{std::string(without_keyword(node.original, node.keyword))};
  for (const Heredoc& heredoc : node.heredocs) {
    onbuild.expression += '\n';
    onbuild.expression += heredoc.written_content();
    onbuild.expression += heredoc.name;
  }
  return onbuild;
}

}  // namespace ibuild::parser
