#include "builder/cache/build_reports.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace ibuild::builder {
namespace {

constexpr std::uint64_t kMaxBytes = 16 << 20;       // ten builds of some thousand steps
constexpr std::uint64_t kMaxReportBytes = 1 << 20;  // a longer one is not kept
constexpr std::array<std::string_view, 4> kOutcomes = {"cached", "ran", "failed", "not reached"};

std::string_view name_of(StepReport::Outcome outcome) {
  return kOutcomes.at(static_cast<std::size_t>(outcome));
}

/// Invalid UTF-8 becomes readable: reports are for people.
std::string serialize(const BuildReport& report) {
  auto steps = nlohmann::json::array();
  for (const auto& step : report.steps) {
    steps.push_back({base::printable(step.name), name_of(step.outcome), base::printable(step.why)});
  }
  return nlohmann::json{{"at", base::format_rfc3339(report.at)}, {"steps", steps}}.dump();
}

std::optional<BuildReport> parse(std::string_view line) {
  try {
    const auto json = nlohmann::json::parse(line);
    const auto at = base::parse_rfc3339(json.at("at").get_ref<const std::string&>());
    if (!at) return std::nullopt;
    BuildReport report{*at, {}};
    for (const auto& step : json.at("steps")) {
      const auto& outcome = step.at(1).get_ref<const std::string&>();
      std::size_t number = 0;
      while (number < kOutcomes.size() && kOutcomes.at(number) != outcome) ++number;
      if (number == kOutcomes.size()) return std::nullopt;
      report.steps.push_back({step.at(0), static_cast<StepReport::Outcome>(number), step.at(2)});
    }
    return report;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::string read_lines(const base::DirFd& dir, const base::RelPath& path) {
  try {
    return base::try_read_file_at(dir, path, kMaxBytes).value_or("");
  } catch (const base::Error&) {
    return {};
  }
}

}  // namespace

BuildReports::BuildReports(base::DirFd dir, const std::string& build)
    : dir_(std::move(dir)), path_(base::RelPath::exact(base::sha256_of(build).hex())) {}

void BuildReports::add(const BuildReport& report) {
  std::string text = serialize(report) + "\n";
  if (text.size() > kMaxReportBytes) return;
  const auto former = read_lines(dir_, path_);
  std::size_t kept = 1;
  for (const auto line : base::split(former, '\n')) {
    if (line.empty()) continue;
    if (kept++ == kKept) break;
    text += std::string(line) + "\n";
  }
  base::replace_file(dir_, path_, text);
}

std::vector<BuildReport> BuildReports::read() const {
  std::vector<BuildReport> reports;
  const auto text = read_lines(dir_, path_);
  for (const auto line : base::split(text, '\n')) {
    if (auto report = parse(line)) reports.push_back(*std::move(report));
  }
  return reports;
}

}  // namespace ibuild::builder
