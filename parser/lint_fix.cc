#include "parser/lint_fix.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "parser/expansion.h"
#include "parser/keyword.h"
#include "parser/logical_line.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

std::string to_upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return result;
}

/// A word or phrase of the file that another takes the place of.
std::string change_text(std::string_view before, std::string_view after) {
  return "'" + base::printable(before) + "' becomes '" + base::printable(after) + "'";
}

/// Finds the lines of a file by number, and offsets by line and column.
class SourceMap {
 public:
  explicit SourceMap(std::string_view source) : source_(source) {
    SourceLines lines(source);
    while (const auto line = lines.next()) lines_.push_back(*line);
  }

  const SourceLines::Line* line(int number) const {
    const auto index = static_cast<std::size_t>(number) - 1;
    return number > 0 && index < lines_.size() ? &lines_[index] : nullptr;
  }
  std::size_t begin_of(const SourceLines::Line& line) const {
    return static_cast<std::size_t>(line.text.data() - source_.data());
  }
  /// The bytes of a range within one line; none for others.
  std::optional<TextEdit> bytes(const SourceRange& range) const {
    const auto* found = line(range.start.line);
    if (found == nullptr || range.end.line != range.start.line || range.start.column < 1)
      return std::nullopt;
    const std::size_t begin = begin_of(*found) + static_cast<std::size_t>(range.start.column) - 1;
    const std::size_t end = begin_of(*found) + static_cast<std::size_t>(range.end.column);
    if (begin > end || end > source_.size()) return std::nullopt;
    return TextEdit{begin, end, {}};
  }
  std::string_view text(const TextEdit& edit) const {
    return source_.substr(edit.begin, edit.end - edit.begin);
  }
  int line_count() const { return static_cast<int>(lines_.size()); }

 private:
  std::string_view source_;
  std::vector<SourceLines::Line> lines_;
};

/// Mends what is wrong with one instruction; a function for each rule.
class NodeFixer {
 public:
  NodeFixer(const Dockerfile& dockerfile, const SourceMap& map, const AstNode& node)
      : dockerfile_(dockerfile), map_(map), node_(node) {}

  std::optional<LintFix> fix(LintRule rule, const Warning& finding) {
    fix_ = {rule, finding.range, {}, {}};
    if (!run(rule, finding) || fix_.edits.empty()) return std::nullopt;
    return std::move(fix_);
  }

 private:
  bool run(LintRule rule, const Warning& finding) {
    switch (rule) {
      case LintRule::stage_name_casing:
        return replace_word(2, base::to_lower(node_.words.at(2)));
      case LintRule::from_as_casing:
        return replace_word(1, in_case_of_keyword("as"));
      case LintRule::no_empty_continuation:
        return drop_empty_lines();
      case LintRule::consistent_instruction_casing:
        return replace(node_.keyword_range, finding.message.ends_with("(lowercase)")
                                                ? base::to_lower(node_.keyword)
                                                : to_upper(node_.keyword));
      case LintRule::maintainer_deprecated:
        return make_label();
      case LintRule::legacy_key_value_format:
        return join_key_and_value();
      case LintRule::redundant_target_platform:
        return drop_platform_flag();
      case LintRule::expose_proto_casing:
      case LintRule::expose_invalid_format:
        return mend_ports(rule);
      default:
        return false;
    }
  }

  std::string in_case_of_keyword(std::string_view text) const {
    return node_.keyword == base::to_lower(node_.keyword) ? base::to_lower(text) : to_upper(text);
  }

  /// Adds an edit; false when there is nothing to change or the text is spread over lines.
  bool replace(const SourceRange& range, std::string with) {
    auto edit = map_.bytes(range);
    if (!edit || map_.text(*edit) == with) return false;
    if (!fix_.what.empty()) fix_.what += ", ";
    fix_.what += change_text(map_.text(*edit), with);
    edit->replacement = std::move(with);
    fix_.edits.push_back(*std::move(edit));
    return true;
  }
  bool replace_word(std::size_t index, std::string with) {
    return index < node_.word_ranges.size() && replace(node_.word_ranges[index], std::move(with));
  }

  bool drop_empty_lines();
  bool make_label();
  bool join_key_and_value();
  bool drop_platform_flag();
  bool mend_ports(LintRule rule);
  std::optional<std::string> mended_port(LintRule rule, const std::string& word) const;
  std::optional<std::string> one_word_for(const std::string& value) const;
  std::string expanded(std::string_view word) const;

  const Dockerfile& dockerfile_;
  const SourceMap& map_;
  const AstNode& node_;
  LintFix fix_;
};

/// Takes whole lines out, from the first of the instruction to the first that does not go on.
bool NodeFixer::drop_empty_lines() {
  int dropped = 0;
  for (int number = node_.range.start.line; number <= map_.line_count(); ++number) {
    const auto& line = *map_.line(number);
    std::string_view content = trim_left_space(line.content());
    if (content.starts_with('#') && number > node_.range.start.line) continue;
    if (content.empty()) {
      const auto begin = map_.begin_of(line);
      fix_.edits.push_back({begin, begin + line.text.size(), {}});
      ++dropped;
      continue;
    }
    while (!content.empty() && is_blank(content.back())) content.remove_suffix(1);
    if (!content.ends_with(dockerfile_.escape)) break;
  }
  fix_.what = dropped == 1 ? "the empty line is taken out" : "the empty lines are taken out";
  return dropped > 0;
}

/// MAINTAINER takes its text as it is, a label's value is expanded.
bool NodeFixer::make_label() {
  if (node_.range.start.line != node_.range.end.line || node_.words.empty()) return false;
  std::string value;
  for (const char c : node_.words.front()) {
    if (c == '"' || c == '$' || c == dockerfile_.escape) value += dockerfile_.escape;
    value += c;
  }
  const SourceRange whole{node_.keyword_range.start, node_.word_ranges.front().end};
  return replace(
      whole, in_case_of_keyword("label") + " org.opencontainers.image.authors=\"" + value + "\"");
}

/// What a word comes to, each variable shown by its name.
std::string NodeFixer::expanded(std::string_view word) const {
  const auto lookup = [](std::string_view name) {
    return std::optional("<" + std::string(name) + ">");
  };
  return Expander(dockerfile_.escape, lookup).expand_word(word).text;
}

/// A value of the old form as one word of the new one. None where quotes and blanks are mixed so
/// that there is no obvious form.
std::optional<std::string> NodeFixer::one_word_for(const std::string& value) const {
  const bool has_blank = value.find_first_of(" \t") != std::string::npos;
  const bool has_quote = value.find_first_of("\"'\\`") != std::string::npos;
  if (has_blank && !has_quote) return "\"" + value + "\"";
  if (!has_blank) return value;
  const char quote = value.front();
  const bool is_quoted = value.size() > 1 && (quote == '"' || quote == '\'') &&
                         value.back() == quote &&
                         value.find_first_of("\"'\\`", 1) == value.size() - 1;
  return is_quoted ? std::optional(value) : std::nullopt;
}

bool NodeFixer::join_key_and_value() {
  if (node_.words.size() != 3 || !node_.words[2].empty()) return false;
  const std::string& key = node_.words[0];
  const auto word = one_word_for(node_.words[1]);
  if (!word || key.find('=') != std::string::npos) return false;
  try {
    if (expanded(*word) != expanded(node_.words[1])) return false;
  } catch (const base::UsageError&) {
    return false;  // wrong before, and nobody's to mend
  }
  return replace({node_.word_ranges[0].start, node_.word_ranges[1].end}, key + "=" + *word);
}

bool NodeFixer::drop_platform_flag() {
  for (std::size_t i = 0; i < node_.flags.size(); ++i) {
    if (!node_.flags[i].starts_with("--platform=")) continue;
    auto edit = map_.bytes(node_.flag_ranges[i]);
    const auto* line = map_.line(node_.range.start.line);
    if (!edit || line == nullptr) return false;
    fix_.what = base::printable(map_.text(*edit)) + " is taken out";
    const auto end = map_.begin_of(*line) + line->content().size();
    while (edit->end < end && is_blank(dockerfile_.source[edit->end])) ++edit->end;
    fix_.edits.push_back(*std::move(edit));
    return true;
  }
  return false;
}

/// None for words that stay as they are, also for those with variables or quotes in them.
std::optional<std::string> NodeFixer::mended_port(LintRule rule, const std::string& word) const {
  if (word.find_first_of("$\"'\\`") != std::string::npos) return std::nullopt;
  const auto slash = word.find('/');
  if (rule == LintRule::expose_proto_casing) {
    if (slash == std::string::npos) return std::nullopt;
    return word.substr(0, slash) + base::to_lower(word.substr(slash));
  }
  const auto colon = word.rfind(':', slash);
  if (colon == std::string::npos) return std::nullopt;
  return word.substr(colon + 1);
}

/// One fix mends all ports of the instruction, whatever number of findings it has.
bool NodeFixer::mend_ports(LintRule rule) {
  bool changed = false;
  for (std::size_t i = 0; i < node_.words.size(); ++i) {
    const auto mended = mended_port(rule, node_.words[i]);
    if (mended && replace_word(i, *mended)) changed = true;
  }
  return changed;
}

/// The nodes by the lines that findings name.
class NodeIndex {
 public:
  explicit NodeIndex(const Dockerfile& dockerfile) {
    for (const auto& node : dockerfile.nodes) by_start_[node.range.start.line] = &node;
  }
  /// The instruction that starts in `line`, or goes on there.
  const AstNode* find(int line) const {
    const auto next = by_start_.upper_bound(line);
    return next == by_start_.begin() ? nullptr : std::prev(next)->second;
  }

 private:
  std::map<int, const AstNode*> by_start_;
};

/// The bytes that are taken already.
class TakenBytes {
 public:
  /// False when one of the edits meets bytes taken before; else they are taken now.
  bool take(const std::vector<TextEdit>& edits) {
    for (const TextEdit& edit : edits) {
      const auto next = ends_.upper_bound(edit.begin);
      if (next != ends_.end() && next->first < edit.end) return false;
      if (next != ends_.begin() && std::prev(next)->second > edit.begin) return false;
    }
    for (const TextEdit& edit : edits) ends_[edit.begin] = edit.end;
    return true;
  }

 private:
  std::map<std::size_t, std::size_t> ends_;  // by where they begin
};

}  // namespace

std::vector<LintFix> find_fixes(const Dockerfile& dockerfile, const Diagnostics& findings) {
  std::vector<LintFix> fixes;
  const SourceMap map(dockerfile.source);
  const NodeIndex nodes(dockerfile);
  TakenBytes taken;
  for (const Warning& finding : findings) {
    const auto rule = find_lint_rule(finding.rule);
    const AstNode* node = nodes.find(finding.range.start.line);
    if (!rule || node == nullptr) continue;
    auto fix = NodeFixer(dockerfile, map, *node).fix(*rule, finding);
    if (fix && taken.take(fix->edits)) fixes.push_back(*std::move(fix));
  }
  return fixes;
}

std::string apply_fixes(std::string_view source, std::span<const LintFix> fixes) {
  std::map<std::size_t, const TextEdit*> edits;
  for (const LintFix& fix : fixes) {
    for (const TextEdit& edit : fix.edits) edits[edit.begin] = &edit;
  }
  std::string result;
  std::size_t done = 0;
  for (const auto& [begin, edit] : edits) {
    result += source.substr(done, begin - done);
    result += edit->replacement;
    done = edit->end;
  }
  return result + std::string(source.substr(done));
}

}  // namespace ibuild::parser
