#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::cli {

/// Text of an untrusted program made harmless for a terminal: escape sequences (CSI, OSC and the
/// like) are dropped, other control bytes but tab and what is no UTF-8 are shown as \xNN.
std::string defuse(std::string_view text);

/// Cuts the raw output of a step into lines. A carriage return ends a line as well, so that
/// progress bars come out as lines; an empty rest is dropped there. A line longer than the cap is
/// cut into several.
class LineCutter {
 public:
  /// The lines that `bytes` completes, defused.
  std::vector<std::string> add(std::string_view bytes);
  /// What is left without a line end; none when nothing is.
  std::optional<std::string> take_rest();

  static constexpr std::size_t kMaxLineBytes = 16 << 10;

 private:
  std::string partial_;
  bool after_return_ = false;
};

}  // namespace ibuild::cli
