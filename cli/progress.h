#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "builder/events.h"
#include "cli/failure_log.h"
#include "cli/progress_plain.h"

namespace ibuild::cli {

/// `quiet` and `none` show no progress; `quiet` prints the result, `none` does not.
enum class ProgressMode { plain, quiet, none };

/// The value of --progress; empty counts as "auto". Throws: UsageError for what is not known or not
/// supported.
ProgressMode parse_progress(std::string_view text);

/// What a command shows while it works.
class Progress : public builder::EventSink {
 public:
  /// `err` outlives this.
  Progress(ProgressMode mode, std::ostream& err) {
    if (mode == ProgressMode::plain) plain_.emplace(err);
  }
  void emit(builder::BuildEvent event) override {
    failures_.emit(event);
    if (plain_) plain_->emit(std::move(event));
  }
  /// The logs of the steps that failed.
  std::string failure_report() const { return failures_.report(); }

 private:
  FailureLog failures_;
  std::optional<PlainProgress> plain_;
};

}  // namespace ibuild::cli
