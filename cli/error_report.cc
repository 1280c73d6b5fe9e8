#include "cli/error_report.h"

#include <exception>
#include <optional>
#include <system_error>
#include <typeinfo>

#include "base/error.h"
#include "base/refused_clone.h"
#include "builder/export/output_file.h"
#include "builder/run_impossible.h"
#include "cli/exit_code.h"
#include "cli/log_lines.h"
#include "parser/diagnostic.h"
#include "registry/registry_client.h"
#include "sandbox/sandbox.h"

namespace ibuild::cli {

int exit_code_for(const std::exception& error) {
  const auto* placed = dynamic_cast<const std::nested_exception*>(&error);
  if (placed != nullptr && placed->nested_ptr() != nullptr) {
    try {
      placed->rethrow_nested();
    } catch (const std::exception& cause) {
      return exit_code_for(cause);
    }
  }
  if (dynamic_cast<const base::CancelledError*>(&error) != nullptr) return kCancelled;
  if (dynamic_cast<const builder::OutputClosed*>(&error) != nullptr) return kOutputClosed;
  if (dynamic_cast<const base::UsageError*>(&error) != nullptr) return kUsage;
  if (dynamic_cast<const registry::RegistryError*>(&error) != nullptr) return kRegistry;
  if (dynamic_cast<const sandbox::SandboxError*>(&error) != nullptr) return kSandbox;
  const auto* fault = dynamic_cast<const parser::DockerfileError*>(&error);
  if (fault != nullptr && fault->code() == builder::kRunImpossible) return kSandbox;
  return kFailure;
}

namespace {

/// What the standard library throws when a thread cannot be started says nothing of threads.
std::optional<base::SystemError> try_explain(const std::exception& error) {
  if (typeid(error) != typeid(std::system_error)) return std::nullopt;
  const auto& code = static_cast<const std::system_error&>(error).code();
  base::SystemError explained(code.value(), "start a thread", "");
  explained.set_hint(base::hint_for_refused_clone());
  return explained;
}

void report(std::ostream& err, const std::string& place, const std::exception& thrown) {
  if (exit_code_for(thrown) == kOutputClosed) return;
  const auto explained = try_explain(thrown);
  const std::exception& error = explained ? static_cast<const std::exception&>(*explained) : thrown;
  std::string text = "ERROR: " + defuse(place + error.what()) + "\n";
  const auto* own = dynamic_cast<const base::Error*>(&error);
  if (own != nullptr && !own->hint().empty()) text += "hint: " + defuse(own->hint()) + "\n";
  err << text << std::flush;
}

}  // namespace

void report_error(std::ostream& err, const std::exception& error) { report(err, "", error); }

void report_build_error(std::ostream& err, const std::exception& error,
                        const DockerfileText& dockerfile) {
  const auto* located = dynamic_cast<const parser::DockerfileError*>(&error);
  if (located == nullptr || !located->range().known()) return report_error(err, error);
  const auto& range = located->range();
  err << parser::render_excerpt(dockerfile.name, dockerfile.text, range);
  // Logs of CI systems are searched for this one line, so it names the place as well.
  report(err, dockerfile.name + " line " + std::to_string(range.start.line) + ": ", error);
}

}  // namespace ibuild::cli
