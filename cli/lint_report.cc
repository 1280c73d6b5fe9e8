#include "cli/lint_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/text.h"
#include "builder/attest/line_ranges.h"
#include "cli/log_lines.h"
#include "cli/source_json.h"

namespace ibuild::cli {

namespace {

using Json = nlohmann::ordered_json;

parser::Diagnostics in_file_order(parser::Diagnostics warnings) {
  std::stable_sort(warnings.begin(), warnings.end(), [](const auto& a, const auto& b) {
    return a.range.start.line < b.range.start.line;
  });
  return warnings;
}

std::string_view description_of(const std::string& rule) {
  const auto known = parser::find_lint_rule(rule);
  return known ? parser::lint_rule_info(*known).description : "";
}

Json warning_json(const parser::Warning& warning) {
  Json json = {{"ruleName", warning.rule}};
  if (const auto description = description_of(warning.rule); !description.empty())
    json["description"] = description;
  if (!warning.url.empty()) json["url"] = warning.url;
  json["detail"] = warning.message;
  json["location"] = location_json(warning.range);
  return json;
}

Json source_json(const DockerfileText& dockerfile) {
  return {{"filename", dockerfile.name},
          {"data", base::encode_base64(dockerfile.text)},
          {"language", "Dockerfile"}};
}

/// As BuildKit puts a finding into one line.
std::string short_text(const parser::Warning& warning) {
  if (warning.rule.empty()) return warning.message;
  return fmt::format("{}: {} (line {})", warning.rule, warning.message, warning.range.start.line);
}

}  // namespace

void print_lint_text(std::ostream& out, const parser::LintReport& report,
                     const DockerfileText& dockerfile) {
  const auto count = report.warnings.size();
  if (count == 0) {
    if (!report.error) out << "Check complete, no warnings found.\n";
    return;
  }
  out << fmt::format("Check complete, {} {} been found!\n", count,
                     count == 1 ? "warning has" : "warnings have");
  const parser::ExcerptSource source(dockerfile.name, dockerfile.text);
  for (const auto& warning : in_file_order(report.warnings)) {
    out << "\nWARNING: " << warning.rule;
    if (!warning.url.empty()) out << " - " << warning.url;
    out << "\n" << defuse(warning.message) << "\n";
    if (warning.range.known()) out << source.render(warning.range);
  }
}

std::string lint_json(const parser::LintReport& report, const DockerfileText& dockerfile) {
  Json json = {{"warnings", Json::array()}, {"sources", Json::array()}};
  for (const auto& warning : report.warnings) json["warnings"].push_back(warning_json(warning));
  json["sources"].push_back(source_json(dockerfile));
  if (report.error) {
    json["buildError"] = {{"message", report.error->what()},
                          {"location", location_json(report.error->range())}};
  }
  return dump_json(json);
}

std::string build_warnings_json(const parser::Diagnostics& warnings,
                                const DockerfileText& dockerfile) {
  Json json = Json::array();
  for (const auto& warning : warnings) {
    Json entry = {{"level", 1}, {"short", base::encode_base64(short_text(warning))}};
    if (const auto description = description_of(warning.rule); !description.empty())
      entry["detail"] = Json::array({base::encode_base64(description)});
    if (!warning.url.empty()) entry["url"] = warning.url;
    if (warning.range.known()) {
      entry["sourceInfo"] = source_json(dockerfile);
      entry["range"] = builder::line_ranges_json(warning.range).at("ranges");
    }
    json.push_back(std::move(entry));
  }
  return dump_json(json);
}

}  // namespace ibuild::cli
