#pragma once

#include <compare>

namespace ibuild::parser {

/// 1-based line; 1-based column in bytes, a byte order mark at the start of the file not counted.
/// Column 0 means "the whole line".
struct Position {
  int line = 0;
  int column = 0;
  auto operator<=>(const Position&) const = default;
};

/// From the first byte to the last, both included. Line 0 means "nowhere" (made by ibuild, not
/// read).
struct SourceRange {
  Position start;
  Position end;
  bool known() const { return start.line > 0; }
  bool operator==(const SourceRange&) const = default;
};

}  // namespace ibuild::parser
