#include "builder/check.h"

#include <functional>
#include <optional>
#include <utility>

#include "builder/build_checks.h"
#include "builder/build_description.h"
#include "builder/plan/plan_build.h"

namespace ibuild::builder {
namespace {

using Scope = BuildDescription::Scope;
using Linter = std::function<parser::LintReport(const parser::Dockerfile&)>;

std::optional<parser::DockerfileError> fault_of_options(const BuildRequest& request) {
  try {
    check_lint_options(request);
    return std::nullopt;
  } catch (const parser::DockerfileError& error) {
    return error;
  } catch (const base::UsageError& error) {
    return parser::DockerfileError("invalid-check-options", {}, error.what());
  }
}

/// `linter` on the parsed text. Findings that count as errors are a fault where there is no other.
parser::LintReport check(const BuildRequest& request, const Linter& linter) {
  parser::LintReport report;
  try {
    if (const auto fault = fault_of_options(request)) throw *fault;
    parser::Diagnostics unused;
    report = linter(parser::parse_dockerfile(request.dockerfile, unused));
  } catch (const parser::DockerfileError& error) {
    report.error = error;
  }
  if (report.findings_are_errors && !report.error)
    report.error.emplace("lint-violation", parser::SourceRange{},
                         violation_message(report.warnings));
  return report;
}

/// What would end a build although each line is well-formed: a stage that is copied from before it
/// is defined, a mount on the root. What this machine cannot run is no fault of the file.
std::optional<parser::DockerfileError> find_fault(const BuildRequest& request,
                                                  const BuildDescription& description) {
  try {
    (void)plan_build(description.targets(), description.bases(), request,
                     description.stages().escape);
    return std::nullopt;
  } catch (const parser::DockerfileError& error) {
    return error;
  }
}

parser::LintReport lint_described(const BuildRequest& request, const parser::Dockerfile& dockerfile,
                                  const Services& services, std::stop_token stop) {
  const auto scope = request.target.empty() ? Scope::all_stages : Scope::target;
  const BuildDescription description(request, dockerfile, services, scope, std::move(stop));
  auto report = lint_build({request, dockerfile, description.targets(), description.bases()});
  if (!report.error) report.error = find_fault(request, description);
  return report;
}

}  // namespace

parser::LintReport check_build(const BuildRequest& request, const Services& services,
                               std::stop_token stop) {
  return check(request, [&](const parser::Dockerfile& dockerfile) {
    try {
      return lint_described(request, dockerfile, services, stop);
    } catch (const parser::DockerfileError& error) {
      // The build would end here; what can be found all the same is told as well.
      auto report = lint_text(request, dockerfile);
      report.error = error;
      return report;
    }
  });
}

parser::LintReport check_text(const BuildRequest& request) {
  return check(request, [&](const parser::Dockerfile& dockerfile) {
    return lint_text(request, dockerfile);
  });
}

}  // namespace ibuild::builder
