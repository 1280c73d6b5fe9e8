// Pass 2, one instruction at a time.
#include "parser/instruction_builder.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "parser/keyword.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

[[noreturn]] void fail_unknown(const AstNode& node) {
  DockerfileError error("unknown-instruction", node.keyword_range,
                        "unknown instruction: " + base::printable(node.keyword));
  if (const auto nearest = base::nearest_word(node.keyword, keyword_names())) {
    error.set_hint("did you mean " + *nearest + "?");
  }
  throw error;
}

InstructionBody build_body(Keyword keyword, const AstNode& node) {
  switch (keyword) {
    case Keyword::add:
      return build_add(node);
    case Keyword::arg:
      return build_arg(node);
    case Keyword::cmd:
      return build_cmd(node);
    case Keyword::copy:
      return build_copy(node);
    case Keyword::entrypoint:
      return build_entrypoint(node);
    case Keyword::env:
      return build_env(node);
    case Keyword::expose:
      return build_expose(node);
    case Keyword::from:
      return build_from(node);
    case Keyword::healthcheck:
      return build_healthcheck(node);
    case Keyword::label:
      return build_label(node);
    case Keyword::maintainer:
      return build_maintainer(node);
    case Keyword::onbuild:
      return build_onbuild(node);
    case Keyword::run:
      return build_run(node);
    case Keyword::shell:
      return build_shell(node);
    case Keyword::stopsignal:
      return build_stop_signal(node);
    case Keyword::user:
      return build_user(node);
    case Keyword::volume:
      return build_volume(node);
    case Keyword::workdir:
      break;
  }
  return build_workdir(node);
}

/// Some instructions take no flags and yet let any pass, for old files' sake; the flags do nothing.
void warn_about_unread_flags(Keyword keyword, const AstNode& node, Diagnostics& diagnostics) {
  const bool reads_none =
      keyword == Keyword::arg || keyword == Keyword::stopsignal ||
      (keyword == Keyword::healthcheck && base::iequals(node.words.front(), "NONE"));
  if (!reads_none) return;
  for (std::size_t i = 0; i < node.flags.size(); ++i) {
    diagnostics.push_back({"",
                           "flag " + base::printable(node.flags[i]) + " has no meaning for " +
                               keyword_name(keyword) + " and is ignored",
                           "", node.flag_ranges[i]});
  }
}

}  // namespace

void fail_count(const AstNode& node, std::string_view needs) {
  throw DockerfileError("wrong-argument-count", node.range, std::string(needs));
}

void need_one_argument(const AstNode& node, std::string_view keyword) {
  if (node.words.size() != 1)
    fail_count(node, std::string(keyword) + " requires exactly one argument");
}

void need_some_arguments(const AstNode& node, std::string_view keyword) {
  if (node.words.empty())
    fail_count(node, std::string(keyword) + " requires at least one argument");
}

std::string doc_comment(const std::vector<std::string>& comments, std::string_view name) {
  if (name.empty()) return {};
  for (const std::string& comment : comments) {
    const bool is_about =
        comment.size() > name.size() && comment.starts_with(name) && comment[name.size()] == ' ';
    if (is_about) return comment.substr(name.size() + 1);
  }
  return {};
}

Instruction build_instruction(const AstNode& node, Diagnostics& diagnostics) {
  const std::optional<Keyword> keyword = find_keyword(node.keyword);
  if (!keyword) fail_unknown(node);
  Instruction instruction;
  instruction.body = build_body(*keyword, node);
  warn_about_unread_flags(*keyword, node, diagnostics);
  instruction.keyword = node.keyword;
  instruction.text = trim_space(node.original);
  instruction.range = node.range;
  instruction.comments = node.comments;
  return instruction;
}

}  // namespace ibuild::parser
