#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "builder/events.h"
#include "cli/log_lines.h"

namespace ibuild::cli {

/// Progress as lines of text, in the form that BuildKit made common: `#4 [build 2/3] RUN make`, `#4
/// 0.123 a line of the log`,
/// `#4 CACHED`, `#4 DONE 1.2s`, and `#4 ...` where the output goes over to another step. The lines
/// of one step stay together as long as it has something to say. Numbers are given in the order in
/// which steps are first shown. For any thread.
class PlainProgress : public builder::EventSink {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;
  /// `out` outlives this.
  explicit PlainProgress(std::ostream& out, Now now = &std::chrono::steady_clock::now);
  ~PlainProgress() override;

  void emit(builder::BuildEvent event) override;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Transfer {
    TimePoint started;
    TimePoint shown;
  };
  struct Vertex {
    std::string name;
    std::size_t number = 0;  // 0: not shown so far
    TimePoint started;
    LineCutter out;
    LineCutter err;
    std::map<std::string, Transfer> transfers;
    std::vector<std::string> pending;  // finished lines without the "#N "
    bool announce = false;             // began, and nothing of it was shown so far
    std::optional<std::string> end;    // the last line
    TimePoint waiting_since;           // of the oldest that is not shown yet
  };

  // One for each event that shows something; all with the lock held.
  void on(const builder::event::PlanReady& event);
  void on(const builder::event::VertexAdded& event);
  void on(const builder::event::StepStarted& event);
  void on(const builder::event::StepLog& event);
  void on(const builder::event::StepCached& event);
  void on(const builder::event::StepMissed& event);
  void on(const builder::event::StepDone& event);
  void on(const builder::event::StepFailed& event);
  void on(const builder::event::TransferProgress& event);
  void on(const builder::event::StepNote& event);
  void on(const builder::event::WarningRaised&) {}
  void on(const builder::event::Finished& event);

  Vertex& vertex(builder::VertexId id) { return vertices_[id]; }
  void add_line(builder::VertexId id, std::string line);
  void end_vertex(builder::VertexId id, std::string line);
  void add_log_line(builder::VertexId id, const std::string& line);
  /// Known and not ended: a cached step is told to be done as well, which is no news.
  bool is_open(builder::VertexId id) const;
  bool has_news(const Vertex& vertex) const;
  void pump();
  bool show_current();
  void choose_current();
  bool current_must_yield() const;
  void show_all();
  void begin(builder::VertexId id);
  void write();
  void wake_later();
  void run_waker(std::stop_token stop);

  std::ostream& out_;
  Now now_;
  std::mutex mutex_;
  std::map<builder::VertexId, Vertex> vertices_;
  std::optional<builder::VertexId> current_;
  std::size_t shown_ = 0;  // how many vertices have a number
  TimePoint last_shown_{};
  std::string buffer_;
  std::condition_variable_any wake_;
  bool wake_wanted_ = false;
  std::jthread waker_;  // last: it uses the rest
};

}  // namespace ibuild::cli
