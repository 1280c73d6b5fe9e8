#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "base/synchronized.h"
#include "builder/events.h"
#include "cli/error_report.h"
#include "cli/failure_log.h"
#include "cli/log_limit.h"

namespace ibuild::cli {

/// `quiet` and `none` show no progress; `quiet` prints the result, `none` does not.
enum class ProgressMode { plain, tty, rawjson, quiet, none };

/// The value of --progress; empty counts as "auto": `tty` where standard error is a terminal, else
/// `plain`. Throws: UsageError for what is not known.
ProgressMode parse_progress(std::string_view text);

/// What a command shows while it works, and its warnings at the end of that.
class Progress : public builder::EventSink {
 public:
  /// `err` outlives this.
  Progress(ProgressMode mode, std::ostream& err);
  ~Progress() override;

  /// What warnings point into. Before the first event.
  void set_dockerfile(DockerfileText dockerfile) { dockerfile_ = std::move(dockerfile); }
  void emit(builder::BuildEvent event) override;
  /// The logs of the steps that failed.
  std::string failure_report() const { return failures_.report(); }

 private:
  /// Cuts off what is too much of a step's output; false when nothing is left.
  bool limit(builder::event::StepLog& log);
  void show_warnings();

  ProgressMode mode_;
  std::ostream& err_;
  DockerfileText dockerfile_;
  FailureLog failures_;
  LogLimits limits_ = LogLimits::from_environment();
  base::Synchronized<std::map<builder::VertexId, LogLimiter>> limiters_;
  base::Synchronized<parser::Diagnostics> warnings_;
  std::unique_ptr<builder::EventSink> renderer_;  // none in modes that show nothing
};

}  // namespace ibuild::cli
