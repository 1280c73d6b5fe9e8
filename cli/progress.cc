#include "cli/progress.h"

#include <unistd.h>

#include <array>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/progress_json.h"
#include "cli/progress_plain.h"
#include "cli/progress_tty.h"
#include "cli/warning_report.h"

namespace ibuild::cli {

namespace {

std::unique_ptr<builder::EventSink> make_renderer(ProgressMode mode, std::ostream& err) {
  switch (mode) {
    case ProgressMode::plain:
      return std::make_unique<PlainProgress>(err);
    case ProgressMode::tty:
      return std::make_unique<TtyProgress>(err, Terminal::of_stderr());
    case ProgressMode::rawjson:
      return std::make_unique<JsonProgress>(err, [] { return base::Clock().now(); });
    default:
      return nullptr;
  }
}

}  // namespace

ProgressMode parse_progress(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, ProgressMode>, 5> kModes = {{
      {"plain", ProgressMode::plain},
      {"tty", ProgressMode::tty},
      {"rawjson", ProgressMode::rawjson},
      {"quiet", ProgressMode::quiet},
      {"none", ProgressMode::none},
  }};
  if (text.empty() || text == "auto")
    return isatty(STDERR_FILENO) == 1 ? ProgressMode::tty : ProgressMode::plain;
  for (const auto& [name, mode] : kModes) {
    if (name == text) return mode;
  }
  base::UsageError error("--progress=" + base::printable(text) + " is not known");
  error.set_hint("use auto, plain, tty, rawjson, quiet or none");
  throw error;
}

Progress::Progress(ProgressMode mode, std::ostream& err)
    : mode_(mode), err_(err), renderer_(make_renderer(mode, err)) {}

Progress::~Progress() = default;

bool Progress::limit(builder::event::StepLog& log) {
  const auto now = std::chrono::steady_clock::now();
  auto limiters = limiters_.lock();
  log.bytes = limiters->try_emplace(log.id, limits_, now).first->second.take(log.bytes, now);
  return !log.bytes.empty();
}

void Progress::emit(builder::BuildEvent event) {
  failures_.emit(event);  // the end of a log is kept whatever its length
  if (const auto* raised = std::get_if<builder::event::WarningRaised>(&event))
    warnings_.lock()->push_back(raised->warning);
  const bool is_end = std::holds_alternative<builder::event::Finished>(event);
  auto* log = std::get_if<builder::event::StepLog>(&event);
  if (renderer_ && (log == nullptr || limit(*log))) renderer_->emit(std::move(event));
  if (is_end) show_warnings();
}

/// Once each, but not among lines for programs, nor where nothing is to be seen but the result.
void Progress::show_warnings() {
  const auto warnings = std::exchange(*warnings_.lock(), {});
  if (mode_ == ProgressMode::rawjson || mode_ == ProgressMode::quiet) return;
  err_ << warning_report(warnings, dockerfile_) << std::flush;
}

}  // namespace ibuild::cli
