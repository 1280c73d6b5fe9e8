#include "cli/debug/debug_command.h"

#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/debug/case_table.h"
#include "cli/debug/plan_dump.h"
#include "parser/ast_dump.h"
#include "parser/dockerfile.h"

namespace ibuild::cli {

namespace {

using Json = nlohmann::json;

std::string read_all(std::istream& in) {
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string read_source(const std::string& path, std::istream& in) {
  if (path == "-") return read_all(in);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw base::SystemError("open", path);
  return read_all(file);
}

/// Hands a Dockerfile to `use`, and shows what is wrong with it.
int with_dockerfile(const std::string& path, std::istream& in, std::ostream& err,
                    const std::function<void(const std::string& source)>& use) {
  const std::string source = read_source(path, in);
  try {
    use(source);
    return 0;
  } catch (const parser::DockerfileError& error) {
    err << parser::render_excerpt(path, source, error.range()) << "ERROR: " << error.what() << '\n';
    return 1;
  }
}

int run_parse(const std::string& path, std::istream& in, std::ostream& out, std::ostream& err) {
  return with_dockerfile(path, in, err, [&out](const std::string& source) {
    parser::Diagnostics diagnostics;
    out << parser::dump_ast(parser::parse_dockerfile(source, diagnostics)) << '\n';
  });
}

int run_plan(std::span<const std::string> args, std::istream& in, std::ostream& out,
             std::ostream& err) {
  std::map<std::string, std::string> build_args;
  for (const std::string& arg : args.subspan(1)) {
    const auto equals = arg.find('=');
    if (equals == std::string::npos)
      throw base::UsageError("\"" + arg + "\" is no NAME=VALUE of a build argument");
    build_args[arg.substr(0, equals)] = arg.substr(equals + 1);
  }
  return with_dockerfile(args[0], in, err,
                         [&](const std::string& source) { dump_plan(source, build_args, out); });
}

/// The answer to one case, with its id. What is wrong with the case itself is an error of the case,
/// too.
Json answer_case(CaseAnswer answer, const Json& question) {
  Json result;
  try {
    result = answer(question);
  } catch (const base::Error& error) {
    result = {{"error", error.what()}};
  } catch (const Json::exception& error) {
    result = {{"error", error.what()}};
  }
  if (question.contains("id")) result["id"] = question["id"];
  return result;
}

int run_table(CaseAnswer answer, std::istream& in, std::ostream& out) {
  const Json request = Json::parse(read_all(in), nullptr, false);
  if (request.is_discarded() || !request.contains("cases")) {
    throw base::UsageError("standard input must be JSON of the form {\"cases\": […]}");
  }
  Json results = Json::array();
  for (const Json& question : request["cases"]) results.push_back(answer_case(answer, question));
  out << Json{{"results", std::move(results)}}.dump(-1, ' ', false, Json::error_handler_t::replace)
      << '\n';
  return 0;
}

}  // namespace

int run_debug(std::span<const std::string> args, std::istream& in, std::ostream& out,
              std::ostream& err) {
  if (args.size() == 2 && args[0] == "parse") return run_parse(args[1], in, out, err);
  if (args.size() >= 2 && args[0] == "plan") return run_plan(args.subspan(1), in, out, err);
  const auto answer = args.size() == 1 ? find_case_answer(args[0]) : std::nullopt;
  if (answer) return run_table(*answer, in, out);
  throw base::UsageError(
      "usage: ibuild debug parse FILE, plan FILE [NAME=VALUE…], or one of words, dockerignore, "
      "reference, gitref, lint, "
      "instructions, specdocs "
      "with JSON on standard input");
}

}  // namespace ibuild::cli
