// SARIF of lint_report.h. See: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/text.h"
#include "cli/lint_report.h"
#include "cli/source_json.h"
#include "cli/version.h"
#include "parser/lint_fix.h"

namespace ibuild::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kSchema = "https://json.schemastore.org/sarif-2.1.0.json";
constexpr std::string_view kHelp = "https://docs.docker.com/reference/build-checks/";

/// A path as a relative or file URI (RFC 3986): what is not unreserved is percent-encoded.
std::string to_uri(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') ||
                          std::string_view("-._~/").find(c) != std::string_view::npos;
    if (is_plain) {
      uri += c;
    } else {
      uri += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return uri;
}

/// Line and column of an offset; columns count characters, 1 first.
struct Place {
  int line = 1;
  int column = 1;
};

Place place_of(std::string_view text, std::size_t offset) {
  Place place;
  for (const char c : text.substr(0, offset)) {
    if (c == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++place.column;
    }
  }
  return place;
}

Json region_json(std::string_view text, const parser::TextEdit& edit) {
  const Place begin = place_of(text, edit.begin);
  const Place end = place_of(text, edit.end);
  return {{"startLine", begin.line},
          {"startColumn", begin.column},
          {"endLine", end.line},
          {"endColumn", end.column}};
}

class SarifWriter {
 public:
  SarifWriter(const DockerfileText& dockerfile, const std::string& path)
      : text_(dockerfile.text), artifact_({{"uri", to_uri(path)}}) {}

  void add(const parser::Warning& warning, const std::vector<parser::LintFix>& fixes) {
    Json result = result_json(warning.rule, "warning", warning.message, warning.range);
    if (!fixes.empty()) result["fixes"] = fixes_json(fixes);
    results_.push_back(std::move(result));
  }
  void add_error(const parser::DockerfileError& error) {
    results_.push_back(result_json(error.code(), "error", error.what(), error.range()));
  }

  std::string str() const {
    const Json driver = {
        {"name", "ibuild"}, {"version", kVersion}, {"informationUri", kHelp}, {"rules", rules_}};
    const Json run = {
        {"tool", {{"driver", driver}}}, {"columnKind", "unicodeCodePoints"}, {"results", results_}};
    return dump_json({{"$schema", kSchema}, {"version", "2.1.0"}, {"runs", Json::array({run})}});
  }

 private:
  /// The number of a rule in the list of those that are named; adds it.
  std::size_t rule_index(const std::string& name) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (rules_[i]["id"] == name) return i;
    }
    Json rule = {{"id", name}};
    if (const auto known = parser::find_lint_rule(name)) {
      const auto& info = parser::lint_rule_info(*known);
      rule["name"] = name;
      rule["shortDescription"] = {{"text", info.description}};
      const auto url = parser::make_finding(*known, "", {}).url;
      if (!url.empty()) rule["helpUri"] = url;
    }
    rules_.push_back(std::move(rule));
    return rules_.size() - 1;
  }

  Json result_json(const std::string& rule, const char* level, const std::string& message,
                   const parser::SourceRange& range) {
    Json physical = {{"artifactLocation", artifact_}};
    if (range.known()) {
      physical["region"] = {{"startLine", range.start.line},
                            {"endLine", std::max(range.start.line, range.end.line)}};
    }
    return {{"ruleId", rule},
            {"ruleIndex", rule_index(rule)},
            {"level", level},
            {"message", {{"text", message}}},
            {"locations", Json::array({{{"physicalLocation", physical}}})}};
  }

  Json fixes_json(const std::vector<parser::LintFix>& fixes) const {
    Json list = Json::array();
    for (const auto& fix : fixes) {
      Json replacements = Json::array();
      for (const auto& edit : fix.edits) {
        replacements.push_back({{"deletedRegion", region_json(text_, edit)},
                                {"insertedContent", {{"text", edit.replacement}}}});
      }
      const Json change = {{"artifactLocation", artifact_}, {"replacements", replacements}};
      list.push_back(
          {{"description", {{"text", fix.what}}}, {"artifactChanges", Json::array({change})}});
    }
    return list;
  }

  const std::string& text_;
  Json artifact_;
  Json rules_ = Json::array();
  Json results_ = Json::array();
};

}  // namespace

std::string lint_sarif(const parser::LintReport& report, const DockerfileText& dockerfile,
                       const std::string& path) {
  SarifWriter writer(dockerfile, path);
  if (!report.warnings.empty()) {
    parser::Diagnostics unused;
    const auto parsed = parser::parse_dockerfile(dockerfile.text, unused);
    for (const auto& warning : report.warnings)
      writer.add(warning, parser::find_fixes(parsed, {warning}));
  }
  if (report.error) writer.add_error(*report.error);
  return writer.str();
}

}  // namespace ibuild::cli
