#include "cli/tty_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"

namespace ibuild::cli {

namespace {

using State = TtyVertex::State;
using TimePoint = TtyVertex::TimePoint;

/// The ranges of characters that terminals give two columns, the common ones.
/// See: Unicode Standard Annex 11, East Asian Width W and F.
constexpr std::array<std::pair<char32_t, char32_t>, 9> kWide = {{
    {0x1100, 0x115f},
    {0x2e80, 0x303e},
    {0x3041, 0xa4cf},
    {0xac00, 0xd7a3},
    {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},
    {0xff00, 0xff60},
    {0x1f300, 0x1faff},
    {0x20000, 0x3fffd},
}};

std::size_t width_of(char32_t c) {
  if (c >= 0x300 && c <= 0x36f) return 0;  // combining marks
  for (const auto& [first, last] : kWide) {
    if (c >= first && c <= last) return 2;
  }
  return 1;
}

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// A line of the picture before it is fitted to the screen.
struct Line {
  std::string text;
  std::string time;  // at the right edge; may be empty
  std::string color;
};

std::string_view mark_of(State state) {
  switch (state) {
    case State::cached:
      return "CACHED ";
    case State::failed:
      return "ERROR ";
    case State::cancelled:
      return "CANCELED ";
    default:
      return "";
  }
}

std::string color_of(State state, const Palette& palette) {
  if (state == State::failed) return palette.error;
  if (state == State::cancelled) return palette.cancel;
  return state == State::running ? "" : palette.run;
}

bool is_over(const TtyVertex& vertex) { return vertex.state > State::running; }

/// A vertex and what belongs to it.
std::vector<Line> vertex_lines(const TtyVertex& vertex, const Palette& palette, TimePoint now,
                               bool with_log) {
  const auto took = (is_over(vertex) ? vertex.ended : now) - vertex.started;
  std::vector<Line> lines;
  lines.push_back({" => " + std::string(mark_of(vertex.state)) + vertex.name,
                   fmt::format("{:.1f}s", seconds(took)), color_of(vertex.state, palette)});
  if (is_over(vertex) || !with_log) return lines;
  for (const auto& [what, bytes] : vertex.transfers)
    lines.push_back({" => => " + what + " " + bytes, "", ""});
  for (const auto& line : vertex.log) lines.push_back({" => => # " + line, "", ""});
  return lines;
}

std::string fitted(const Line& line, std::size_t columns, const Palette& palette) {
  const std::size_t room =
      line.time.empty() ? columns : columns - std::min(columns, line.time.size() + 1);
  std::string text = fit_width(line.text, room);
  if (!line.time.empty()) {
    const std::size_t used = display_width(text) + line.time.size();
    text += std::string(columns > used ? columns - used : 1, ' ') + line.time;
  }
  return line.color.empty() ? text : line.color + text + palette.reset;
}

std::vector<const TtyVertex*> begun(const TtyState& state) {
  std::vector<const TtyVertex*> vertices;
  for (const auto& [id, vertex] : state.vertices) {
    if (vertex.state != State::waiting) vertices.push_back(&vertex);
  }
  std::sort(vertices.begin(), vertices.end(),
            [](const TtyVertex* a, const TtyVertex* b) { return a->order < b->order; });
  return vertices;
}

/// Leaves out what is done, the oldest first, until the rest fits `rows`.
void drop_done(std::vector<const TtyVertex*>& vertices, std::size_t rows) {
  while (vertices.size() > rows) {
    const auto done = std::find_if(vertices.begin(), vertices.end(),
                                   [](const TtyVertex* vertex) { return is_over(*vertex); });
    vertices.erase(done == vertices.end() ? vertices.begin() : done);
  }
}

Line head_line(const TtyState& state, TimePoint now) {
  const auto is_done = [](const auto& entry) { return is_over(entry.second); };
  const auto done = std::count_if(state.vertices.begin(), state.vertices.end(), is_done);
  return {fmt::format("[+] Building {:.1f}s ({}/{}){}", seconds(now - state.started), done,
                      state.vertices.size(), state.finished ? " FINISHED" : ""),
          "", ""};
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto c = base::decode_utf8(text);
    width += width_of(c.code_point);
    text.remove_prefix(c.size);
  }
  return width;
}

std::string fit_width(std::string_view text, std::size_t columns) {
  std::size_t width = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const auto c = base::decode_utf8(text.substr(end));
    width += width_of(c.code_point);
    if (width > columns) break;
    end += c.size;
  }
  return std::string(text.substr(0, end));
}

std::vector<std::string> tty_frame(const TtyState& state, const TerminalSize& size,
                                   const Palette& palette, TtyVertex::TimePoint now) {
  auto vertices = begun(state);
  // The last row stays free for the cursor, one is the head.
  const std::size_t room = size.rows > 3 ? size.rows - 2 : 1;
  if (!state.finished) drop_done(vertices, room);
  std::vector<Line> lines = {head_line(state, now)};
  std::size_t left = room - std::min(room, vertices.size());
  for (const auto* vertex : vertices) {
    auto own = vertex_lines(*vertex, palette, now, !state.finished);
    const std::size_t details = std::min(own.size() - 1, left);
    // The last lines of a log say the most.
    own.erase(own.begin() + 1, own.end() - static_cast<std::ptrdiff_t>(details));
    left -= state.finished ? 0 : details;
    std::move(own.begin(), own.end(), std::back_inserter(lines));
  }
  std::vector<std::string> frame;
  for (const auto& line : lines) frame.push_back(fitted(line, size.columns, palette));
  return frame;
}

}  // namespace ibuild::cli
