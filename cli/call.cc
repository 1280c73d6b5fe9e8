#include "cli/call.h"

#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "builder/build_description.h"
#include "builder/check.h"
#include "builder/outline.h"
#include "builder/plan/read_stages.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/lint_report.h"
#include "cli/outline_report.h"

namespace ibuild::cli {

namespace {

CallAnswer answer_check(const CallSpec& call, const builder::BuildRequest& request,
                        const builder::Services& services, std::stop_token stop) {
  auto report = builder::check_build(request, services, std::move(stop));
  const DockerfileText dockerfile{.name = request.dockerfile_name, .text = request.dockerfile};
  std::ostringstream text;
  print_lint_text(text, report, dockerfile);
  CallAnswer answer{.text = text.str(), .json = lint_json(report, dockerfile)};
  answer.has_findings = report.error || !report.warnings.empty();
  if (report.error || (answer.has_findings && !call.ignores_status)) answer.exit_code = kFailure;
  answer.error = std::move(report.error);
  return answer;
}

parser::Dockerfile parse(const builder::BuildRequest& request) {
  parser::Diagnostics unused;
  return parser::parse_dockerfile(request.dockerfile, unused);
}

CallAnswer answer_outline(const builder::BuildRequest& request, const builder::Services& services,
                          std::stop_token stop) {
  const auto dockerfile = parse(request);
  const builder::BuildDescription description(
      request, dockerfile, services, builder::BuildDescription::Scope::target, std::move(stop));
  const auto outline = builder::make_outline(description, request);
  return {.text = outline_text(outline), .json = outline_json(outline, request.dockerfile)};
}

CallAnswer answer_targets(const builder::BuildRequest& request) {
  parser::Diagnostics unused;
  const auto stages = builder::read_stages(parse(request), request, unused);
  return {.text = targets_text(stages), .json = targets_json(stages, request.dockerfile)};
}

}  // namespace

CallAnswer answer_call(const CallSpec& call, const builder::BuildRequest& request,
                       const ServicesProvider& services, std::stop_token stop) {
  switch (call.kind) {
    case CallKind::check:
      return answer_check(call, request, services(), std::move(stop));
    case CallKind::outline:
      return answer_outline(request, services(), std::move(stop));
    case CallKind::targets:
      return answer_targets(request);
    case CallKind::describe:
      return {.text = describe_text(), .json = describe_json()};
    case CallKind::build:
      break;
  }
  return {};
}

std::string metadata_json(const CallSpec& call, const CallAnswer& answer) {
  nlohmann::ordered_json json;
  json["result.json"] = nlohmann::ordered_json::parse(answer.json);
  if (call.kind == CallKind::check) json["result.statuscode"] = answer.has_findings ? "1" : "0";
  json["result.txt"] = answer.text;
  json["version"] = "1.0.0";  // of BuildKit's subrequests
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace ibuild::cli
