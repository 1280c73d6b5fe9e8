#include "cli/progress_tty.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <utility>
#include <variant>

#include "base/text.h"

namespace ibuild::cli {

namespace event = builder::event;
using namespace std::chrono_literals;

namespace {

constexpr auto kInterval = 100ms;

// See: ECMA-48 8.3 (CUU, EL, ED); DECTCEM for the cursor.
constexpr std::string_view kHideCursor = "\x1b[?25l";
constexpr std::string_view kShowCursor = "\x1b[?25h";
constexpr std::string_view kClearLine = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";

TerminalSize stderr_size() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
    return {};
  return {size.ws_row, size.ws_col};
}

}  // namespace

Terminal Terminal::of_stderr() {
  return {.size = &stderr_size, .palette = Palette::from_environment()};
}

TtyProgress::TtyProgress(std::ostream& out, Terminal terminal, Drawing drawing)
    : out_(out), terminal_(std::move(terminal)) {
  state_.started = terminal_.now();
  if (drawing == Drawing::by_itself)
    painter_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
}

TtyProgress::~TtyProgress() { emit(event::Finished{}); }

void TtyProgress::emit(builder::BuildEvent event) {
  const std::lock_guard lock(mutex_);
  if (state_.finished) return;
  std::visit([this](const auto& each) { on(each); }, event);
}

void TtyProgress::on(const event::PlanReady& event) {
  for (const auto& each : event.vertices) state_.vertices[each.id].name = defuse(each.name);
}

void TtyProgress::on(const event::VertexAdded& event) {
  state_.vertices[event.vertex.id].name = defuse(event.vertex.name);
}

TtyVertex& TtyProgress::begin(builder::VertexId id) {
  auto& vertex = state_.vertices[id];
  if (vertex.state == TtyVertex::State::waiting) {
    vertex.state = TtyVertex::State::running;
    vertex.started = terminal_.now();
    vertex.order = begun_++;
  }
  return vertex;
}

void TtyProgress::end(builder::VertexId id, TtyVertex::State state) {
  auto& vertex = begin(id);
  if (vertex.state != TtyVertex::State::running) return;
  vertex.state = state;
  vertex.ended = terminal_.now();
  vertex.log.clear();
  vertex.transfers.clear();
  cutters_.erase(id);
}

void TtyProgress::on(const event::StepStarted& event) { begin(event.id); }
void TtyProgress::on(const event::StepCached& event) { end(event.id, TtyVertex::State::cached); }
void TtyProgress::on(const event::StepDone& event) { end(event.id, TtyVertex::State::done); }
void TtyProgress::on(const event::StepFailed& event) {
  end(event.id, event.cancelled ? TtyVertex::State::cancelled : TtyVertex::State::failed);
}

void TtyProgress::add_line(TtyVertex& vertex, std::string line) const {
  vertex.log.push_back(std::move(line));
  if (vertex.log.size() > TtyVertex::kLogLines) vertex.log.pop_front();
}

void TtyProgress::on(const event::StepLog& event) {
  auto& vertex = begin(event.id);
  auto& cutters = cutters_[event.id];
  auto& cutter = event.is_stderr ? cutters.err : cutters.out;
  for (auto& line : cutter.add(event.bytes)) add_line(vertex, std::move(line));
}

void TtyProgress::on(const event::StepNote& event) {
  add_line(begin(event.id), defuse(event.text));
}

void TtyProgress::on(const event::TransferProgress& event) {
  auto& transfers = begin(event.id).transfers;
  if (event.total_bytes != 0 && event.done_bytes >= event.total_bytes) {
    transfers.erase(defuse(event.what));
    return;
  }
  auto& shown = transfers[defuse(event.what)];
  shown = base::human_bytes(event.done_bytes);
  if (event.total_bytes != 0) shown += " / " + base::human_bytes(event.total_bytes);
}

void TtyProgress::on(const event::Finished&) {
  state_.finished = true;
  draw_locked();
}

void TtyProgress::draw() {
  const std::lock_guard lock(mutex_);
  if (!state_.finished) draw_locked();
}

void TtyProgress::draw_locked() {
  const auto lines = tty_frame(state_, terminal_.size(), terminal_.palette, terminal_.now());
  std::string picture(kHideCursor);
  if (drawn_lines_ > 0) picture += fmt::format("\x1b[{}A\r", drawn_lines_);
  for (const auto& line : lines) picture += line + std::string(kClearLine) + "\n";
  picture += std::string(kClearBelow) + std::string(kShowCursor);
  drawn_lines_ = lines.size();
  out_ << picture << std::flush;
}

void TtyProgress::run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && !state_.finished) {
    if (!state_.vertices.empty()) draw_locked();
    wake_.wait_for(lock, stop, kInterval, [&] { return state_.finished; });
  }
}

}  // namespace ibuild::cli
