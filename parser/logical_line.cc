#include "parser/logical_line.h"

#include <algorithm>
#include <iterator>

namespace ibuild::parser {

SourceLines::SourceLines(std::string_view source) : rest_(source) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
}

std::string_view SourceLines::Line::content() const {
  const auto last = text.find_last_not_of("\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::optional<SourceLines::Line> SourceLines::next() {
  if (rest_.empty()) return std::nullopt;
  const auto end = rest_.find('\n');
  const std::string_view text = rest_.substr(0, end == std::string_view::npos ? end : end + 1);
  rest_.remove_prefix(text.size());
  ++number_;
  return Line{text, number_};
}

void LogicalLine::append(std::string_view piece, Position start) {
  pieces_.push_back({text_.size(), start});
  text_ += piece;
}

Position LogicalLine::position(std::size_t offset) const {
  auto after =
      std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                       [](std::size_t value, const Piece& piece) { return value < piece.offset; });
  const Piece& piece = after == pieces_.begin() ? *after : *std::prev(after);
  return {piece.start.line, piece.start.column + static_cast<int>(offset - piece.offset)};
}

SourceRange LogicalLine::range(std::size_t begin, std::size_t end) const {
  return {position(begin), position(std::max(begin, end == 0 ? 0 : end - 1))};
}

}  // namespace ibuild::parser
