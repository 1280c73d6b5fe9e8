#include "cli/call.h"

#include <utility>

#include "builder/build_description.h"
#include "builder/check.h"
#include "builder/outline.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/lint_report.h"
#include "cli/outline_report.h"

namespace ibuild::cli {

namespace {

int answer_check(const CallSpec& call, const builder::BuildRequest& request,
                 const builder::Services& services, CommandContext& context, std::stop_token stop) {
  const auto report = builder::check_build(request, services, std::move(stop));
  const DockerfileText dockerfile{.name = request.dockerfile_name, .text = request.dockerfile};
  if (call.format == CallFormat::json) {
    context.out << lint_json(report, dockerfile);
  } else {
    print_lint_text(context.out, report, dockerfile);
  }
  context.out << std::flush;
  if (report.error) report_build_error(context.err, *report.error, dockerfile);
  if (report.error) return kFailure;
  return report.warnings.empty() || call.ignores_status ? kSuccess : kFailure;
}

parser::Dockerfile parse(const builder::BuildRequest& request) {
  parser::Diagnostics unused;
  return parser::parse_dockerfile(request.dockerfile, unused);
}

void answer_outline(const CallSpec& call, const builder::BuildRequest& request,
                    const builder::Services& services, CommandContext& context,
                    std::stop_token stop) {
  const auto dockerfile = parse(request);
  const builder::BuildDescription description(
      request, dockerfile, services, builder::BuildDescription::Scope::target, std::move(stop));
  const auto outline = builder::make_outline(description, request);
  context.out << (call.format == CallFormat::json ? outline_json(outline, request.dockerfile)
                                                  : outline_text(outline));
}

void answer_targets(const CallSpec& call, const builder::BuildRequest& request,
                    CommandContext& context) {
  parser::Diagnostics unused;
  const auto stages = parser::build_stages(parse(request), unused);
  context.out << (call.format == CallFormat::json ? targets_json(stages, request.dockerfile)
                                                  : targets_text(stages));
}

}  // namespace

int answer_call(const CallSpec& call, const builder::BuildRequest& request,
                const ServicesProvider& services, CommandContext& context, std::stop_token stop) {
  switch (call.kind) {
    case CallKind::check:
      return answer_check(call, request, services(), context, std::move(stop));
    case CallKind::outline:
      answer_outline(call, request, services(), context, std::move(stop));
      break;
    case CallKind::targets:
      answer_targets(call, request, context);
      break;
    case CallKind::describe:
      context.out << (call.format == CallFormat::json ? describe_json() : describe_text());
      break;
    case CallKind::build:
      break;
  }
  return kSuccess;
}

}  // namespace ibuild::cli
