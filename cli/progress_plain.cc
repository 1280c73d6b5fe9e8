#include "cli/progress_plain.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "base/text.h"

namespace ibuild::cli {

namespace event = builder::event;
using builder::VertexId;
using namespace std::chrono_literals;

namespace {

/// A step that is shown keeps the output so long after its last line.
constexpr auto kPatience = 200ms;
/// A transfer that goes on is shown again after so long.
constexpr auto kTransferInterval = 5s;

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// Five characters: "0.123", "12.34", "123.4".
std::string log_time(std::chrono::steady_clock::duration since) {
  return fmt::format("{:.3f}", seconds(since)).substr(0, 5);
}

std::string bytes_of(const event::TransferProgress& event) {
  const auto done = base::human_bytes(event.done_bytes);
  return event.total_bytes == 0 ? done : done + " / " + base::human_bytes(event.total_bytes);
}

}  // namespace

PlainProgress::PlainProgress(std::ostream& out, Now now) : out_(out), now_(std::move(now)) {}

PlainProgress::~PlainProgress() {
  const std::lock_guard lock(mutex_);
  show_all();
}

void PlainProgress::emit(builder::BuildEvent event) {
  const std::lock_guard lock(mutex_);
  std::visit([this](const auto& each) { on(each); }, event);
  pump();
}

void PlainProgress::on(const event::PlanReady& event) {
  for (const auto& each : event.vertices) vertex(each.id).name = defuse(each.name);
}

void PlainProgress::on(const event::VertexAdded& event) {
  vertex(event.vertex.id).name = defuse(event.vertex.name);
}

void PlainProgress::on(const event::StepStarted& event) {
  auto& v = vertex(event.id);
  v.started = now_();
  if (!has_news(v)) v.waiting_since = v.started;
  v.announce = true;
}

void PlainProgress::on(const event::StepLog& event) {
  if (!is_open(event.id)) return;
  auto& v = vertex(event.id);
  auto& cutter = event.is_stderr ? v.err : v.out;
  for (const auto& line : cutter.add(event.bytes)) add_log_line(event.id, line);
}

void PlainProgress::on(const event::StepCached& event) { end_vertex(event.id, "CACHED"); }

void PlainProgress::on(const event::StepMissed& event) {
  add_line(event.id, "why: " + defuse(event.why));
}

void PlainProgress::on(const event::StepDone& event) {
  end_vertex(event.id, fmt::format("DONE {:.1f}s", seconds(event.took)));
}

void PlainProgress::on(const event::StepFailed& event) {
  end_vertex(event.id, event.cancelled ? "CANCELED" : "ERROR: " + defuse(event.message));
}

void PlainProgress::on(const event::TransferProgress& event) {
  if (!is_open(event.id)) return;
  auto& transfers = vertex(event.id).transfers;
  const auto now = now_();
  const auto [entry, is_new] =
      transfers.try_emplace(event.what, Transfer{.started = now, .shown = now});
  auto& transfer = entry->second;
  if (event.total_bytes != 0 && event.done_bytes >= event.total_bytes) {
    if (transfer.shown == TimePoint::max()) return;
    transfer.shown = TimePoint::max();
    add_line(event.id, fmt::format("{} {} {:.1f}s done", defuse(event.what), bytes_of(event),
                                   seconds(now - transfer.started)));
  } else if (transfer.shown != TimePoint::max() && now - transfer.shown >= kTransferInterval) {
    transfer.shown = now;
    add_line(event.id, fmt::format("{} {} {:.1f}s", defuse(event.what), bytes_of(event),
                                   seconds(now - transfer.started)));
  }
}

void PlainProgress::on(const event::StepNote& event) { add_line(event.id, defuse(event.text)); }

void PlainProgress::on(const event::Finished&) { show_all(); }

bool PlainProgress::is_open(VertexId id) const {
  const auto found = vertices_.find(id);
  return found != vertices_.end() && !found->second.end;
}

bool PlainProgress::has_news(const Vertex& vertex) const {
  return vertex.announce || vertex.end || !vertex.pending.empty();
}

void PlainProgress::add_line(VertexId id, std::string line) {
  if (!is_open(id)) return;
  auto& v = vertex(id);
  if (!has_news(v)) v.waiting_since = now_();
  v.pending.push_back(std::move(line));
}

void PlainProgress::add_log_line(VertexId id, const std::string& line) {
  add_line(id, log_time(now_() - vertex(id).started) + " " + line);
}

void PlainProgress::end_vertex(VertexId id, std::string line) {
  if (!is_open(id)) return;
  auto& v = vertex(id);
  if (const auto rest = v.out.take_rest()) add_log_line(id, *rest);
  if (const auto rest = v.err.take_rest()) add_log_line(id, *rest);
  if (!has_news(v)) v.waiting_since = now_();
  v.end = std::move(line);
}

void PlainProgress::begin(VertexId id) {
  if (current_) buffer_ += fmt::format("#{} ...\n", vertex(*current_).number);
  if (shown_ > 0) buffer_ += "\n";
  auto& v = vertex(id);
  if (v.number == 0) v.number = ++shown_;
  buffer_ += fmt::format("#{} {}\n", v.number, v.name);
  current_ = id;
  last_shown_ = now_();
}

/// False when the current vertex is done with.
bool PlainProgress::show_current() {
  auto& v = vertex(*current_);
  if (has_news(v)) last_shown_ = now_();
  for (const auto& line : std::exchange(v.pending, {}))
    buffer_ += fmt::format("#{} {}\n", v.number, line);
  v.announce = false;
  if (!v.end) return true;
  buffer_ += fmt::format("#{} {}\n", v.number, *v.end);
  vertices_.erase(*current_);
  current_.reset();
  return false;
}

/// Goes over to the vertex that has waited longest, if there is one.
void PlainProgress::choose_current() {
  const Vertex* oldest = nullptr;
  VertexId chosen = 0;
  for (const auto& [id, v] : vertices_) {
    if (!has_news(v) || id == current_) continue;
    if (oldest == nullptr || v.waiting_since < oldest->waiting_since) {
      oldest = &v;
      chosen = id;
    }
  }
  if (oldest != nullptr) begin(chosen);
}

bool PlainProgress::current_must_yield() const { return now_() - last_shown_ >= kPatience; }

void PlainProgress::pump() {
  while (true) {
    const bool is_busy = current_ && show_current();
    if (is_busy && !current_must_yield()) break;
    const auto before = current_;
    choose_current();
    if (current_ == before) break;
  }
  write();
  wake_later();
}

void PlainProgress::show_all() {
  if (current_) show_current();
  while (true) {
    const auto before = current_;
    choose_current();
    if (current_ == before) break;
    show_current();
  }
  write();
}

void PlainProgress::write() {
  if (buffer_.empty()) return;
  out_ << std::exchange(buffer_, {}) << std::flush;
}

/// Sees to it that what waits behind the current vertex is shown even if no event comes any more.
void PlainProgress::wake_later() {
  for (const auto& [id, v] : vertices_) {
    if (id != current_ && has_news(v)) wake_wanted_ = true;
  }
  if (!wake_wanted_) return;
  if (!waker_.joinable())
    waker_ = std::jthread([this](std::stop_token stop) { run_waker(std::move(stop)); });
  wake_.notify_one();
}

void PlainProgress::run_waker(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return wake_wanted_; })) {
    wake_wanted_ = false;
    wake_.wait_for(lock, stop, kPatience, [&] { return stop.stop_requested(); });
    if (stop.stop_requested()) return;
    pump();
  }
}

}  // namespace ibuild::cli
