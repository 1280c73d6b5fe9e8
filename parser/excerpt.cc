// render_excerpt() of diagnostic.h.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/text.h"
#include "parser/diagnostic.h"
#include "parser/logical_line.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

constexpr int kContextLines = 2;
/// Of a longer marked block only the first and last lines are shown.
constexpr int kShownHead = 8;
constexpr int kShownTail = 2;
/// Of a longer line only the bytes around the column are shown.
constexpr std::size_t kShownBytes = 160;
constexpr std::size_t kShownBefore = 80;
constexpr std::string_view kRule = "--------------------\n";
constexpr std::string_view kEllipsis = "…";

/// Printable text and how many columns of a terminal it takes, a character counted as one.
struct Rendered {
  std::string text;
  std::size_t width = 0;
};

void append_rendered(Rendered& out, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view character = bytes.substr(0, next_character(bytes).size);
    bytes.remove_prefix(character.size());
    const std::string shown = character == "\t" ? "    " : base::printable(character);
    out.text += shown;
    out.width += shown.size() == character.size() && shown.size() > 1 ? 1 : shown.size();
  }
}

/// A place in `line` not within a character.
std::size_t boundary(std::string_view line, std::size_t at) {
  while (at > 0 && at < line.size() && (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80) --at;
  return std::min(at, line.size());
}

/// The part of a line that is shown.
struct Window {
  std::size_t begin = 0;
  std::size_t end = 0;
};

Window window_around(std::string_view line, std::size_t focus) {
  if (line.size() <= kShownBytes) return {0, line.size()};
  const std::size_t begin = focus > kShownBefore ? boundary(line, focus - kShownBefore) : 0;
  return {begin, boundary(line, begin + kShownBytes)};
}

std::string render_line(std::string_view line, const Window& window) {
  Rendered out;
  if (window.begin > 0) out.text += kEllipsis;
  append_rendered(out, line.substr(window.begin, window.end - window.begin));
  if (window.end < line.size()) out.text += kEllipsis;
  return out.text;
}

/// "^~~~" under the bytes from `begin` to `end` of a line.
std::string render_marker(std::string_view line, const Window& window, std::size_t begin,
                          std::size_t end) {
  Rendered before, marked;
  begin = std::clamp(begin, window.begin, window.end);
  end = std::clamp(end, begin, window.end);
  append_rendered(before, line.substr(window.begin, begin - window.begin));
  append_rendered(marked, line.substr(begin, end - begin));
  const std::size_t indent = before.width + (window.begin > 0 ? 1 : 0);
  const std::size_t tail = marked.width > 1 ? marked.width - 1 : 0;
  return std::string(indent, ' ') + "^" + std::string(tail, '~');
}

class ExcerptWriter {
 public:
  explicit ExcerptWriter(const SourceRange& range) : range_(range) {
    last_ = std::max(range.start.line, range.end.line);
  }

  bool is_wanted(int line) const {
    return line >= range_.start.line - kContextLines && line <= last_ + kContextLines;
  }

  void write(int number, std::string_view line) {
    const int behind_start = number - range_.start.line;
    if (behind_start >= kShownHead && number <= last_ - kShownTail) {
      if (behind_start == kShownHead) text_ += fmt::format("     | >>> {}\n", kEllipsis);
      return;
    }
    const bool is_marked = number >= range_.start.line && number <= last_;
    const bool is_first = number == range_.start.line && range_.start.column > 0;
    const std::size_t focus = is_first ? static_cast<std::size_t>(range_.start.column - 1) : 0;
    const Window window = window_around(line, focus);
    const std::string shown = render_line(line, window);
    text_ += fmt::format("{:4} |{}", number, is_marked ? " >>>" : shown.empty() ? "" : "    ");
    text_ += (shown.empty() ? "" : " ") + shown + "\n";
    const bool has_marker = is_first && last_ == range_.start.line;
    if (!has_marker) return;
    const auto end = static_cast<std::size_t>(std::max(range_.end.column, range_.start.column));
    text_ += "     |     " + render_marker(line, window, focus, end) + "\n";
  }

  std::string text() && { return std::move(text_); }

 private:
  const SourceRange& range_;
  int last_;
  std::string text_;
};

}  // namespace

ExcerptSource::ExcerptSource(std::string_view file_name, std::string_view source)
    : file_name_(file_name) {
  SourceLines lines(source);
  while (const auto line = lines.next()) lines_.push_back(line->content());
}

std::string ExcerptSource::render(const SourceRange& range) const {
  std::string text = base::printable(file_name_);
  if (!range.known()) return text + "\n";
  text += fmt::format(":{}", range.start.line);
  if (range.start.column > 0) text += fmt::format(":{}", range.start.column);
  ExcerptWriter writer(range);
  const int first = std::max(1, range.start.line - kContextLines);
  const int count = static_cast<int>(lines_.size());
  for (int number = first; number <= count && writer.is_wanted(number); ++number)
    writer.write(number, lines_[static_cast<std::size_t>(number - 1)]);
  return text + "\n" + std::string(kRule) + std::move(writer).text() + std::string(kRule);
}

std::string render_excerpt(std::string_view file_name, std::string_view source,
                           const SourceRange& range) {
  return ExcerptSource(file_name, source).render(range);
}

}  // namespace ibuild::parser
