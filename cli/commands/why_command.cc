#include "cli/commands/why_command.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "builder/cache/build_reports.h"
#include "cli/exit_code.h"
#include "cli/option_parser.h"
#include "cli/options_cache.h"
#include "cli/options_store.h"
#include "cli/platform_flag.h"
#include "cli/store_session.h"
#include "cli/table.h"

namespace ibuild::cli {

namespace {

using builder::BuildReport;
using builder::StepReport;

struct WhyOptions {
  std::string context = ".";
  std::string file;
  std::vector<std::string> platforms;
  std::string step;
  std::string build = "1";
  StoreOptions store;

  void add_to(OptionParser& parser) {
    parser.optional_operand("CONTEXT", context, "The build's context (default: .)");
    parser.value("-f,--file", "PATH", file, "The build's Dockerfile, as it was named there");
    parser.list("--platform", "OS/ARCH[,…]", platforms, "The build's platforms");
    parser.value("--step", "N", step, "Only this step, counted from 1 as they are listed");
    parser.value("--build", "N", build, "The last build but N-1: 2 is the one before (default 1)");
    store.add_to(parser);
  }
};

std::size_t parse_number(std::string_view option, std::string_view text, std::size_t highest,
                         const std::string& what) {
  const auto number = base::parse_u64(text);
  if (number && *number >= 1 && *number <= highest) return *number;
  throw base::UsageError(std::string(option) + " " + base::printable(text) +
                         (highest == 1
                              ? ": there is 1 " + what
                              : ": there are " + std::to_string(highest) + " " + what + "s"));
}

std::string outcome_text(const StepReport& step) {
  switch (step.outcome) {
    case StepReport::Outcome::cached:
      return step.why.empty() ? "cached" : "cached: " + step.why;
    case StepReport::Outcome::ran:
      return "ran: " + step.why;
    case StepReport::Outcome::failed:
      return step.why.empty() ? "failed" : "failed; it ran: " + step.why;
    case StepReport::Outcome::not_reached:
      break;
  }
  return "not reached";
}

void show_step(std::ostream& out, std::size_t number, const StepReport& step) {
  out << fmt::format("{} {}\n    {}\n", number, base::printable(step.name),
                     base::printable(outcome_text(step)));
}

std::vector<BuildReport> read_reports(const WhyOptions& options) {
  StoreSession session(options.store.path());
  const auto name = builder::named_build(build_name(options.file, options.context),
                                         parse_platform_list(options.platforms));
  auto reports = builder::BuildReports(session.store().cache_dir("builds"), name).read();
  if (!reports.empty()) return reports;
  base::Error error("no build of this Dockerfile in " + base::printable(options.context) +
                    " is remembered");
  error.set_hint("give the same -f, CONTEXT and --platform as for the build");
  throw error;
}

}  // namespace

int run_why(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild why", "Tells why steps of the last build ran, or did not need to");
  WhyOptions options;
  options.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;

  const auto reports = read_reports(options);
  const auto chosen = parse_number("--build", options.build, reports.size(), "build");
  const auto& report = reports[chosen - 1];
  if (!options.step.empty()) {
    const auto step = parse_number("--step", options.step, report.steps.size(), "step");
    show_step(context.out, step, report.steps[step - 1]);
    return kSuccess;
  }
  context.out << "build of " << time_ago(base::format_rfc3339(report.at)) << "\n";
  for (std::size_t i = 0; i < report.steps.size(); ++i)
    show_step(context.out, i + 1, report.steps[i]);
  return kSuccess;
}

}  // namespace ibuild::cli
