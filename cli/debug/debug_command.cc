#include "cli/debug/debug_command.h"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/debug/case_table.h"
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

int run_parse(const std::string& path, std::istream& in, std::ostream& out, std::ostream& err) {
  const std::string source = read_source(path, in);
  try {
    parser::Diagnostics diagnostics;
    out << parser::dump_ast(parser::parse_dockerfile(source, diagnostics)) << '\n';
    return 0;
  } catch (const parser::DockerfileError& error) {
    err << parser::render_excerpt(path, source, error.range()) << "ERROR: " << error.what() << '\n';
    return 1;
  }
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
  const auto answer = args.size() == 1 ? find_case_answer(args[0]) : std::nullopt;
  if (answer) return run_table(*answer, in, out);
  throw base::UsageError(
      "usage: ibuild debug parse FILE, or one of words, dockerignore, reference, gitref, lint, "
      "instructions, specdocs "
      "with JSON on standard input");
}

}  // namespace ibuild::cli
