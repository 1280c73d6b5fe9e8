#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/colors.h"

namespace ibuild::cli {

struct TerminalSize {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

/// One unit of work as a terminal shows it. All texts are harmless already.
struct TtyVertex {
  enum class State { waiting, running, done, cached, failed, cancelled };
  using TimePoint = std::chrono::steady_clock::time_point;

  std::string name;
  State state = State::waiting;
  std::size_t order = 0;  // in which they began
  TimePoint started;
  TimePoint ended;                               // once it has
  std::deque<std::string> log;                   // the last lines
  std::map<std::string, std::string> transfers;  // "1.2MB / 3.4MB" of those that go on

  static constexpr std::size_t kLogLines = 6;
};

/// What is drawn.
struct TtyState {
  std::map<std::size_t, TtyVertex> vertices;
  TtyVertex::TimePoint started;
  bool finished = false;
};

/// The lines of one picture: how far the build is, then what has begun. While the build runs they
/// fit the screen (what is done longest is left out first, then logs); afterwards all steps are
/// there, without logs.
std::vector<std::string> tty_frame(const TtyState& state, const TerminalSize& size,
                                   const Palette& palette, TtyVertex::TimePoint now);

/// How many columns of a terminal a text takes.
std::size_t display_width(std::string_view text);
/// As much of a text as fits.
std::string fit_width(std::string_view text, std::size_t columns);

}  // namespace ibuild::cli
