#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/source_range.h"

namespace ibuild::parser {

/// Walks over the lines of a file. Lines may be of any length.
class SourceLines {
 public:
  /// `source` must outlive the walk. A byte order mark at its start is left out; columns do not
  /// count it.
  explicit SourceLines(std::string_view source);

  struct Line {
    std::string_view text;  // with its line end
    int number = 0;         // 1-based

    /// Without "\n", "\r\n" and stray carriage returns at the end.
    std::string_view content() const;
  };
  std::optional<Line> next();
  /// Of the line that next() gave last; 0 before the first.
  int line_number() const { return number_; }

 private:
  std::string_view rest_;
  int number_ = 0;
};

/// The lines of one instruction joined at their continuations, and the way back from there to the
/// file.
class LogicalLine {
 public:
  /// Adds a piece of a physical line that begins at `start`.
  void append(std::string_view piece, Position start);

  const std::string& text() const { return text_; }
  /// Where the byte at `offset` stands in the file. Requires: something was appended.
  Position position(std::size_t offset) const;
  /// The range of the bytes [begin, end). An empty one is the byte at `begin`.
  SourceRange range(std::size_t begin, std::size_t end) const;

 private:
  struct Piece {
    std::size_t offset;
    Position start;
  };
  std::string text_;
  std::vector<Piece> pieces_;
};

/// A piece of a LogicalLine's text with quotes, escapes or such already interpreted.
struct Word {
  std::string text;
  std::size_t begin = 0;  // offsets of what was interpreted
  std::size_t end = 0;
};

}  // namespace ibuild::parser
