// Pass 1: text → AST.
// See: https://docs.docker.com/reference/dockerfile/#format
#include "parser/dockerfile.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "parser/command_split.h"
#include "parser/directives.h"
#include "parser/heredoc.h"
#include "parser/keyword.h"
#include "parser/line_grammar.h"
#include "parser/logical_line.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

/// More ONBUILDs within each other than anybody writes: one is what the language allows.
constexpr int kDeepestOnbuild = 16;

bool can_have_heredocs(const AstNode& node) {
  const std::optional<Keyword> keyword = find_keyword(node.keyword);
  if (keyword == Keyword::onbuild && !node.children.empty()) {
    const AstNode& child = node.children.front();
    return find_keyword(child.keyword) != Keyword::onbuild && can_have_heredocs(child);
  }
  const bool takes_files =
      keyword == Keyword::add || keyword == Keyword::copy || keyword == Keyword::run;
  return takes_files && !node.json;
}

class DockerfileParser {
 public:
  explicit DockerfileParser(Dockerfile& dockerfile)
      : dockerfile_(dockerfile), lines_(dockerfile.source) {}

  void run(int last_directive_line);

 private:
  void read_instruction(const SourceLines::Line& first);
  void append_line(LogicalLine& joined, const SourceLines::Line& line, std::string_view content);
  bool read_continuations(LogicalLine& joined);
  AstNode make_node(const LogicalLine& joined, std::string_view text, std::size_t offset,
                    int depth);
  void read_heredocs(AstNode& node, const LogicalLine& joined);
  void read_heredoc_body(Heredoc& heredoc, const AstNode& node);
  void note_comment(std::string_view line);
  std::optional<SourceLines::Line> next_line();
  /// Takes the continuation mark and the blanks behind it off; false when there is none.
  bool strip_continuation(std::string_view& content) const;

  Dockerfile& dockerfile_;
  SourceLines lines_;
  Position last_;  // the last byte of the line read last
  std::vector<std::string> comments_;
};

std::string_view line_comment(std::string_view content) {
  const std::string_view trimmed = trim_left_space(content);
  return trimmed.starts_with('#') ? trimmed : std::string_view{};
}

std::optional<SourceLines::Line> DockerfileParser::next_line() {
  std::optional<SourceLines::Line> line = lines_.next();
  if (line) {
    const int size = static_cast<int>(line->content().size());
    last_ = {line->number, std::max(size, 1)};
  }
  return line;
}

bool DockerfileParser::strip_continuation(std::string_view& content) const {
  std::string_view text = content;
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (text.empty() || text.back() != dockerfile_.escape) return false;
  text.remove_suffix(1);
  if (!text.empty() && text.back() == dockerfile_.escape) return false;
  content = text;
  return true;
}

/// An empty comment parts the comments above it from the instruction below. As BuildKit takes the
/// line's first character away, whatever it is, one that is indented keeps its '#' and means
/// nothing.
void DockerfileParser::note_comment(std::string_view line) {
  const std::string_view text = trim_space(line.substr(1));
  if (text.empty()) {
    comments_.clear();
  } else {
    comments_.emplace_back(text);
  }
}

void DockerfileParser::run(int last_directive_line) {
  while (const std::optional<SourceLines::Line> line = next_line()) {
    if (line->number <= last_directive_line) continue;
    const std::string_view content = trim_left_space(line->content());
    if (content.starts_with('#')) {
      note_comment(line->content());
    } else if (!content.empty()) {
      read_instruction(*line);
    }
  }
  if (dockerfile_.nodes.empty()) {
    const int line = std::max(lines_.line_number(), 1);
    throw DockerfileError("no-instructions", {{line, 0}, {line, 0}}, "file with no instructions");
  }
}

/// `content` is the end of the line's own.
void DockerfileParser::append_line(LogicalLine& joined, const SourceLines::Line& line,
                                   std::string_view content) {
  const int skipped = static_cast<int>(content.data() - line.text.data());
  joined.append(content, {line.number, skipped + 1});
}

/// Joins the lines that follow a continuation mark. True when an empty one was among them.
bool DockerfileParser::read_continuations(LogicalLine& joined) {
  bool has_empty_line = false;
  while (const std::optional<SourceLines::Line> line = next_line()) {
    std::string_view content = line->content();
    if (!line_comment(content).empty()) continue;
    if (trim_left_space(content).empty()) {
      has_empty_line = true;
      continue;
    }
    const bool goes_on = strip_continuation(content);
    append_line(joined, *line, content);
    if (!goes_on) break;
  }
  return has_empty_line;
}

void DockerfileParser::read_instruction(const SourceLines::Line& first) {
  std::string_view content = trim_left_space(first.content());
  const Position start{first.number, static_cast<int>(content.data() - first.text.data()) + 1};
  LogicalLine joined;
  const bool goes_on = strip_continuation(content);
  append_line(joined, first, content);
  if (goes_on && read_continuations(joined)) {
    dockerfile_.empty_continuations.push_back({{last_.line, 0}, {last_.line, 0}});
  }
  AstNode node = make_node(joined, joined.text(), 0, 0);
  node.range = {start, last_};
  read_heredocs(node, joined);
  node.range.end = last_;
  node.comments = std::exchange(comments_, {});
  dockerfile_.nodes.push_back(std::move(node));
}

/// `text` lies at `offset` in the joined line.
AstNode DockerfileParser::make_node(const LogicalLine& joined, std::string_view text,
                                    std::size_t offset, int depth) {
  SplitCommand command = split_command(text, dockerfile_.escape);
  const auto range_of = [&joined, offset](const Word& word) {
    return joined.range(offset + word.begin, offset + word.end);
  };
  AstNode node;
  node.keyword = std::move(command.keyword.text);
  node.keyword_range = range_of(command.keyword);
  node.original = text;
  for (Word& flag : command.flags) {
    node.flag_ranges.push_back(range_of(flag));
    node.flags.push_back(std::move(flag.text));
  }
  const std::optional<Keyword> keyword = find_keyword(node.keyword);
  Word& arguments = command.arguments;
  if (!keyword) {
    node.words.emplace_back();
    node.word_ranges.push_back(range_of(arguments));
  } else if (keyword == Keyword::onbuild) {
    if (depth == kDeepestOnbuild) {
      throw DockerfileError("onbuild-not-allowed", node.keyword_range,
                            "ONBUILD instructions are nested too deeply");
    }
    if (!arguments.text.empty()) {
      node.children.push_back(
          make_node(joined, arguments.text, offset + arguments.begin, depth + 1));
      node.children.back().range = range_of(arguments);
    }
  } else {
    arguments.begin += offset;
    arguments.end += offset;
    LineWords split = split_arguments(*keyword, arguments, joined, dockerfile_.escape);
    node.json = split.json;
    for (Word& word : split.words) {
      node.word_ranges.push_back(joined.range(word.begin, word.end));
      node.words.push_back(std::move(word.text));
    }
  }
  return node;
}

void DockerfileParser::read_heredocs(AstNode& node, const LogicalLine& joined) {
  if (joined.text().find("<<") == std::string::npos || !can_have_heredocs(node)) return;
  try {
    node.heredocs = find_heredocs(joined.text());
  } catch (const base::UsageError& error) {
    throw DockerfileError("bad-heredoc", node.range, error.what());
  }
  for (Heredoc& heredoc : node.heredocs) read_heredoc_body(heredoc, node);
}

void DockerfileParser::read_heredoc_body(Heredoc& heredoc, const AstNode& node) {
  std::string body;
  heredoc.range.start = {lines_.line_number() + 1, 1};
  while (const std::optional<SourceLines::Line> line = next_line()) {
    std::string_view content = line->content();
    if (heredoc.chomp) {
      content.remove_prefix(std::min(content.find_first_not_of('\t'), content.size()));
    }
    if (content == heredoc.name) {
      heredoc.range.end = last_;
      if (heredoc.chomp) {
        heredoc.content = without_leading_tabs(body);
        heredoc.tabbed_content = std::move(body);
      } else {
        heredoc.content = std::move(body);
      }
      return;
    }
    body += line->text;
  }
  DockerfileError error(
      "unterminated-heredoc", node.range,
      "unterminated heredoc: no line holds only \"" + base::printable(heredoc.name) + "\"");
  throw error;
}

void warn_about_frontend(const Dockerfile& dockerfile, Diagnostics& diagnostics) {
  for (const Directive& directive : dockerfile.directives) {
    if (directive.name != "syntax") continue;
    const std::string_view image = first_word(directive.value);
    if (is_dockerfile_frontend(image)) continue;
    diagnostics.push_back({"",
                           "the front end " + base::printable(image) +
                               " is not used: the Dockerfile is read by the built-in one",
                           "", directive.range});
  }
}

}  // namespace

Dockerfile parse_dockerfile(std::string source, Diagnostics& diagnostics) {
  Dockerfile dockerfile;
  dockerfile.source = std::move(source);
  DirectiveBlock block = parse_directives(dockerfile.source);
  dockerfile.directives = std::move(block.directives);
  dockerfile.escape = block.escape;
  // No more than that at once: most lines of a long file may be none of instructions.
  constexpr std::size_t kMaxReserved = 1 << 14;
  const auto lines = std::count(dockerfile.source.begin(), dockerfile.source.end(), '\n') + 1;
  dockerfile.nodes.reserve(std::min(static_cast<std::size_t>(lines), kMaxReserved));
  DockerfileParser(dockerfile).run(block.last_line);
  warn_about_frontend(dockerfile, diagnostics);
  return dockerfile;
}

}  // namespace ibuild::parser
