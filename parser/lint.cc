#include "parser/lint.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "parser/directives.h"
#include "parser/go_quote.h"
#include "parser/instruction_builder.h"
#include "parser/keyword.h"
#include "parser/lint_sink.h"
#include "parser/lint_stages.h"

namespace ibuild::parser {

namespace {

std::string to_upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return result;
}

bool is_lower(const std::string& text) { return text == base::to_lower(text); }
bool is_upper(const std::string& text) { return text == to_upper(text); }

/// The checks that look at one instruction by itself.
class NodeLinter {
 public:
  NodeLinter(LintSink& sink, const LintConfig& config, const AstNode& node)
      : sink_(sink), config_(with_comments(config, node.comments)), node_(node) {}

  /// Before the instruction is understood: even a wrong one may be warned of.
  void check_words() {
    const std::optional<Keyword> keyword = find_keyword(node_.keyword);
    if (keyword == Keyword::maintainer) {
      report(LintRule::maintainer_deprecated,
             "Maintainer instruction is deprecated in favor of using label");
    }
    if (keyword != Keyword::from || node_.words.size() < 3) return;
    if (node_.words.size() == 3 && !is_lower(node_.words[2])) {
      report(LintRule::stage_name_casing,
             "Stage name '" + base::printable(node_.words[2]) + "' should be lowercase");
    }
    const std::string& as = node_.words[1];
    const bool differs = is_lower(node_.keyword)   ? !is_lower(as)
                         : is_upper(node_.keyword) ? !is_upper(as)
                                                   : false;
    if (differs) {
      report(LintRule::from_as_casing, "'" + base::printable(as) + "' and '" + node_.keyword +
                                           "' keywords' casing do not match");
    }
  }

  void check_description(const Instruction& instruction) {
    std::vector<std::string> names;
    if (const auto* from = std::get_if<From>(&instruction.body)) {
      if (!from->name.empty()) names.push_back(from->name);
    } else if (const auto* arg = std::get_if<Arg>(&instruction.body)) {
      for (const ArgDefinition& definition : arg->definitions) names.push_back(definition.name);
    }
    if (names.empty() || node_.comments.empty()) return;
    const std::string first(first_word(node_.comments.back()));
    if (std::find(names.begin(), names.end(), first) != names.end()) return;
    report(LintRule::invalid_definition_description,
           "Comment for " + to_upper(node_.keyword) + " should follow the format: `# " +
               (names.size() > 1 ? "<arg_key>" : names.front()) + " <description>`");
  }

 private:
  void report(LintRule rule, std::string message) {
    sink_.report(config_, rule, std::move(message), node_.range);
  }

  LintSink& sink_;
  LintConfig config_;
  const AstNode& node_;
};

void check_stage_names(const StageList& list, const LintConfig& config, LintSink& sink) {
  std::set<std::string> seen;
  for (const Stage& stage : list.stages) {
    const std::string& name = stage.from.name;
    if (name.empty()) continue;
    const SourceRange& range = stage.from_instruction.range;
    if (name == "scratch" || name == "context") {
      sink.report(config, LintRule::reserved_stage_name,
                  "Stage name should not use the same name as reserved stage " + go_quote(name),
                  range);
    }
    if (!seen.insert(name).second) {
      sink.report(config, LintRule::duplicate_stage_name,
                  "Duplicate stage name " + go_quote(name) + ", stage names should be unique",
                  range);
    }
  }
}

std::vector<const Instruction*> stage_instructions(const StageList& list) {
  std::vector<const Instruction*> all;
  for (const Stage& stage : list.stages) {
    all.push_back(&stage.from_instruction);
    for (const Instruction& instruction : stage.instructions) all.push_back(&instruction);
  }
  return all;
}

void check_keyword_casing(const StageList& list, const LintConfig& config, LintSink& sink) {
  const std::vector<const Instruction*> instructions = stage_instructions(list);
  std::size_t lower = 0;
  std::size_t upper = 0;
  for (const Instruction* instruction : instructions) {
    if (is_lower(instruction->keyword)) {
      ++lower;
    } else if (is_upper(instruction->keyword)) {
      ++upper;
    }
  }
  const bool wants_lower = lower > upper;
  for (const Instruction* instruction : instructions) {
    const std::string& keyword = instruction->keyword;
    if (wants_lower ? is_lower(keyword) : is_upper(keyword)) continue;
    sink.report(config, LintRule::consistent_instruction_casing,
                "Command '" + keyword + "' should match the case of the command majority (" +
                    (wants_lower ? "lowercase" : "uppercase") + ")",
                instruction->range);
  }
}

/// build_stages(), with the checks that come on the way. Nothing is looked at behind an instruction
/// that stands before the first FROM: there build_stages() ends as well.
StageList build_and_check(const Dockerfile& dockerfile, const LintConfig& config, LintSink& sink) {
  Diagnostics unused;
  bool has_stage = false;
  for (const AstNode& node : dockerfile.nodes) {
    NodeLinter linter(sink, config, node);
    linter.check_words();
    const Instruction instruction = build_instruction(node, unused);
    linter.check_description(instruction);
    has_stage = has_stage || std::holds_alternative<From>(instruction.body);
    if (!has_stage && !std::holds_alternative<Arg>(instruction.body)) break;
  }
  return build_stages(dockerfile, unused);
}

void run_checks(const Dockerfile& dockerfile, const LintOptions& options, LintReport& report) {
  LintSink sink(report.warnings);
  const LintConfig config = read_lint_config(dockerfile.source, options.check);
  report.findings_are_errors = config.findings_are_errors;
  for (const SourceRange& range : dockerfile.empty_continuations) {
    sink.report(config, LintRule::no_empty_continuation, "Empty continuation line", range);
  }
  const StageList list = build_and_check(dockerfile, config, sink);
  if (list.stages.empty()) {
    throw DockerfileError("no-stage", {}, "the Dockerfile has no stages to build");
  }
  check_stage_names(list, config, sink);
  check_keyword_casing(list, config, sink);
  FromLinter from_linter(list, options, config, sink);
  const std::vector<LintBase> bases = from_linter.run();
  if (options.depth == LintDepth::bases) return;
  StageLinter(list, options, config, sink, from_linter.global_args()).run(bases);
}

}  // namespace

Warning make_finding(LintRule rule, std::string message, const SourceRange& range) {
  const LintRuleInfo& info = lint_rule_info(rule);
  std::string url;
  if (!info.page.empty()) {
    url = "https://docs.docker.com/go/dockerfile/rule/" + std::string(info.page) + "/";
  }
  return {std::string(info.name), std::move(message), std::move(url), range};
}

LintConfig read_lint_config(std::string_view source, std::string_view check) {
  if (!check.empty()) return parse_lint_config(check);
  const std::optional<Directive> directive = find_directive(source, "check");
  if (!directive) return {};
  try {
    return parse_lint_config(first_word(directive->value));
  } catch (const base::UsageError& error) {
    throw DockerfileError("invalid-directive", directive->range, error.what());
  }
}

LintReport lint_dockerfile(const Dockerfile& dockerfile, const LintOptions& options) {
  LintReport report;
  try {
    run_checks(dockerfile, options, report);
  } catch (DockerfileError& error) {
    report.error = std::move(error);
  } catch (const base::UsageError& error) {
    report.error.emplace("invalid-check-options", SourceRange{}, error.what());
  }
  report.findings_are_errors = report.findings_are_errors && !report.warnings.empty();
  return report;
}

}  // namespace ibuild::parser
