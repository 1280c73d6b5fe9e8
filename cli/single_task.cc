#include "cli/single_task.h"

#include "base/scope_exit.h"
#include "base/text.h"

namespace ibuild::cli {

void run_task(builder::EventSink& events, const std::string& name,
              const std::function<void(builder::VertexWatch&)>& work) {
  bool success = false;
  const base::ScopeExit finish([&] { events.emit(builder::event::Finished{.success = success}); });
  builder::VertexWatch watch(events, 1, name);
  watch.run([&] { work(watch); });
  success = true;
}

registry::WarningSink warnings_to(builder::EventSink& events) {
  return [&events](const std::string& text) {
    events.emit(builder::event::WarningRaised{
        .warning = {.rule = {}, .message = text, .url = {}, .range = {}}});
  };
}

registry::WarningSink warnings_printed_to(std::ostream& err) {
  return [&err](const std::string& text) { err << "warning: " << base::printable(text) << "\n"; };
}

}  // namespace ibuild::cli
