#include "cli/commands/check_command.h"

#include <sys/stat.h>

#include <climits>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "builder/check.h"
#include "cli/dockerfile_input.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/lint_report.h"
#include "cli/option_parser.h"
#include "cli/options_build.h"
#include "cli/signals.h"
#include "cli/standard_input.h"
#include "parser/lint_fix.h"

namespace ibuild::cli {

namespace {

struct CheckOptions {
  std::string path = ".";
  std::string file;
  std::vector<std::string> build_args;
  std::vector<std::string> build_arg_files;
  std::string format = "text";
  bool fix = false;

  void add_to(OptionParser& parser) {
    parser.optional_operand("PATH", path, "A Dockerfile, or a directory with one (default: .)");
    parser.value("-f,--file", "PATH", file, "Dockerfile (default: PATH/Dockerfile); - reads stdin");
    parser.list("--build-arg", "NAME[=VALUE]", build_args, "Value for an ARG");
    parser.list("--build-arg-file", "FILE", build_arg_files, "File of such values, one a line");
    parser.value("--format", "KIND", format, "text, json or sarif");
    parser.flag("--fix", fix, "Mend what has one obvious mend, in the file itself");
    parser.footer(
        "Looks at the text alone: no image is looked up. `ibuild build --check` knows the base "
        "images\nas well. Exits with 1 when something is found that was not mended.");
  }
};

bool is_directory(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Where the Dockerfile and its ignore file are.
struct Place {
  std::string file;     // empty: look in the context; "-": standard input
  std::string context;  // the directory
};

/// PATH is a context or the Dockerfile itself.
Place place_of(const CheckOptions& options) {
  if (options.file.empty() && options.path != "-" && !is_directory(options.path))
    return {.file = options.path, .context = parent_of(options.path)};
  if (options.path == "-") return {.file = "-", .context = "."};
  return {.file = options.file, .context = options.path};
}

/// Where what was read lies; empty for standard input.
std::string path_of(const Place& place, const DockerfileInput& dockerfile) {
  if (place.file == "-") return {};
  if (!place.file.empty()) return place.file;
  return place.context == "." ? dockerfile.name : place.context + "/" + dockerfile.name;
}

/// Mends round after round, since one mend may bring another one about. Tells each.
std::string mend(builder::BuildRequest request, std::ostream& out) {
  constexpr int kMaxRounds = 10;
  for (int round = 0; round < kMaxRounds; ++round) {
    const auto report = builder::check_text(request);
    if (report.warnings.empty()) break;
    parser::Diagnostics unused;
    const auto dockerfile = parser::parse_dockerfile(request.dockerfile, unused);
    const auto fixes = parser::find_fixes(dockerfile, report.warnings);
    if (fixes.empty()) break;
    auto mended = parser::apply_fixes(request.dockerfile, fixes);
    parser::parse_dockerfile(mended, unused);  // what cannot be read is never written
    for (const auto& fix : fixes) {
      out << request.dockerfile_name << ":" << fix.range.start.line << ": "
          << parser::lint_rule_info(fix.rule).name << ": " << fix.what << "\n";
    }
    request.dockerfile = std::move(mended);
  }
  return request.dockerfile;
}

/// In place of the file that a link leads to, with its mode.
void replace_file(const std::string& path, const std::string& content) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) throw base::SystemError("realpath", path);
  const std::string target = resolved;
  std::free(resolved);
  struct stat info {};
  if (stat(target.c_str(), &info) != 0) throw base::SystemError("stat", target);
  const auto name = base::RelPath::exact(target.substr(target.rfind('/') + 1));
  base::write_file_atomically(base::DirFd::open(parent_of(target)), name, content,
                              info.st_mode & 07777);
}

void print_report(const CheckOptions& options, const parser::LintReport& report,
                  const DockerfileText& dockerfile, std::ostream& out) {
  if (options.format == "json") {
    out << lint_json(report, dockerfile);
  } else if (options.format == "sarif") {
    out << lint_sarif(report, dockerfile, dockerfile.name);
  } else {
    print_lint_text(out, report, dockerfile);
  }
  out << std::flush;
}

void check_format(const std::string& format) {
  if (format == "text" || format == "json" || format == "sarif") return;
  throw base::UsageError("--format " + base::printable(format) +
                         " is not known: use text, json or sarif");
}

}  // namespace

int run_check(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild check", "Looks for mistakes in a Dockerfile");
  CheckOptions options;
  options.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  check_format(options.format);

  const auto place = place_of(options);
  const SignalWatcher signals;
  const auto in = standard_input(context, signals.token());
  const auto input = read_local_dockerfile(place.file, place.context, *in);
  const auto path = path_of(place, input);
  builder::BuildRequest request;
  request.dockerfile_name = path.empty() ? input.name : path;
  request.dockerfile = input.text;
  request.ignore_file = input.ignore_file;
  take_build_arg_files(options.build_arg_files, request);
  take_build_args(options.build_args, request);
  if (options.fix) {
    if (path.empty()) throw base::UsageError("--fix needs a file: standard input is not one");
    request.dockerfile = mend(request, options.format == "text" ? context.out : context.err);
    if (request.dockerfile != input.text) replace_file(path, request.dockerfile);
  }
  const auto report = builder::check_text(request);
  const DockerfileText dockerfile{.name = request.dockerfile_name, .text = request.dockerfile};
  print_report(options, report, dockerfile, context.out);
  if (report.error) report_build_error(context.err, *report.error, dockerfile);
  return report.error || !report.warnings.empty() ? kFailure : kSuccess;
}

}  // namespace ibuild::cli
