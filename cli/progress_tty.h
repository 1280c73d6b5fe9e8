#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "builder/events.h"
#include "cli/colors.h"
#include "cli/log_lines.h"
#include "cli/tty_frame.h"

namespace ibuild::cli {

/// What a terminal is asked and told.
struct Terminal {
  std::function<TerminalSize()> size;
  Palette palette;
  std::function<std::chrono::steady_clock::time_point()> now = &std::chrono::steady_clock::now;

  /// Standard error's terminal, with the colours of the environment.
  static Terminal of_stderr();
};

/// Progress as a picture that is drawn over and over in one place. Each picture is one write that
/// leaves the cursor visible and below it, so that ibuild may be stopped at any time. For any
/// thread.
class TtyProgress : public builder::EventSink {
 public:
  /// `by_itself` draws ten times a second; `on_demand` only in draw() and at the end.
  enum class Drawing { by_itself, on_demand };
  /// `out` outlives this.
  TtyProgress(std::ostream& out, Terminal terminal, Drawing drawing = Drawing::by_itself);
  ~TtyProgress() override;

  void emit(builder::BuildEvent event) override;
  void draw();

 private:
  struct Cutters {
    LineCutter out;
    LineCutter err;
  };

  void on(const builder::event::PlanReady& event);
  void on(const builder::event::VertexAdded& event);
  void on(const builder::event::StepStarted& event);
  void on(const builder::event::StepLog& event);
  void on(const builder::event::StepCached& event);
  void on(const builder::event::StepMissed&) {}
  void on(const builder::event::StepDone& event);
  void on(const builder::event::StepFailed& event);
  void on(const builder::event::TransferProgress& event);
  void on(const builder::event::StepNote& event);
  void on(const builder::event::WarningRaised&) {}
  void on(const builder::event::Finished& event);

  TtyVertex& begin(builder::VertexId id);
  void end(builder::VertexId id, TtyVertex::State state);
  void add_line(TtyVertex& vertex, std::string line) const;
  void draw_locked();
  void run(std::stop_token stop);

  std::ostream& out_;
  Terminal terminal_;
  std::mutex mutex_;
  TtyState state_;
  std::map<builder::VertexId, Cutters> cutters_;
  std::size_t begun_ = 0;
  std::size_t drawn_lines_ = 0;
  std::condition_variable_any wake_;
  std::jthread painter_;  // last: it uses the rest
};

}  // namespace ibuild::cli
