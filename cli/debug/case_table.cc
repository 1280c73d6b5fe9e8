#include "cli/debug/case_table.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "cli/debug/plan_dump.h"
#include "image/reference.h"
#include "image/validate.h"
#include "parser/clean_path.h"
#include "parser/dockerfile.h"
#include "parser/expansion.h"
#include "parser/git_reference.h"
#include "parser/ignore_matcher.h"
#include "parser/lint.h"

namespace ibuild::cli {

namespace {

using Json = nlohmann::json;

Json answer_words(const Json& question) {
  std::map<std::string, std::string, std::less<>> env;
  for (const std::string entry : question.value("env", Json::array())) {
    const auto equals = entry.find('=');
    env[entry.substr(0, equals)] = equals == std::string::npos ? "" : entry.substr(equals + 1);
  }
  const std::string escape = question.value("escape", "\\");
  if (escape.size() != 1) throw base::UsageError("the escape must be one character");
  const parser::Expander expander(escape.front(), [&env](std::string_view name) {
    const auto found = env.find(name);
    return found == env.end() ? std::nullopt : std::optional(found->second);
  });
  const std::string input = question.at("input");
  if (question.at("op") == "words") return {{"result", expander.expand_words(input)}};
  return {{"result", expander.expand_word(input).text}};
}

Json answer_dockerignore(const Json& question) {
  if (question.at("op") == "file") {
    return {{"patterns", parser::read_ignore_file(question.at("content").get<std::string>())}};
  }
  std::vector<std::string> patterns;
  if (const auto given = question.find("patterns"); given != question.end() && given->is_array()) {
    patterns = given->get<std::vector<std::string>>();
  }
  const std::string path = parser::clean_path(question.at("path").get<std::string>());
  const parser::IgnoreMatcher matcher(patterns);
  return {{"match", path != "." && matcher.matches(path)}};
}

Json answer_reference(const Json& question) {
  const image::Reference reference =
      image::parse_reference(question.at("input").get<std::string>());
  return {{"normalized", reference.str()},
          {"domain", reference.domain},
          {"path", reference.path},
          {"tag", reference.tag},
          {"digest", reference.digest ? reference.digest->str() : ""},
          {"with_default_tag", image::with_default_tag(reference).str()}};
}

Json answer_gitref(const Json& question) {
  const auto git = parser::parse_git_reference(question.at("input").get<std::string>());
  if (!git) throw base::UsageError("not a git reference");
  return {{"remote", git->remote},
          {"ref", git->ref},
          {"subdir", git->subdir},
          {"checksum", git->checksum}};
}

Json answer_lint(const Json& question) {
  builder::BuildRequest request;
  request.platforms = {image::parse_platform("linux/amd64")};
  request.dockerfile = question.at("dockerfile").get<std::string>();
  request.ignore_file = question.value("dockerignore", std::string());
  for (const auto& [name, value] :
       question.value("build_args", std::map<std::string, std::string>()))
    request.build_args[name] = value;
  const parser::LintReport report = lint_as_built(request);
  std::vector<std::pair<std::string, int>> found;
  Json details = Json::array();
  for (const parser::Warning& warning : report.warnings) {
    found.emplace_back(warning.rule, warning.range.start.line);
    details.push_back({warning.rule, warning.range.start.line, warning.message});
  }
  std::sort(found.begin(), found.end());
  Json answer = {{"warnings", found}, {"details", details}};
  if (report.error) {
    answer["fault"] = {report.error->range().start.line, report.error->what()};
  }
  return answer;
}

Json answer_instructions(const Json& question) {
  parser::Diagnostics diagnostics;
  const auto dockerfile = parser::parse_dockerfile(question.at("dockerfile"), diagnostics);
  parser::build_stages(dockerfile, diagnostics);
  return {{"ok", true}};
}

Json answer_specdocs(const Json& question) {
  image::validate_document(question.at("kind").get<std::string>(),
                           question.at("document").get<std::string>());
  return {{"valid", true}};
}

constexpr std::array<std::pair<std::string_view, CaseAnswer>, 7> kAnswers = {{
    {"words", &answer_words},
    {"dockerignore", &answer_dockerignore},
    {"reference", &answer_reference},
    {"gitref", &answer_gitref},
    {"lint", &answer_lint},
    {"instructions", &answer_instructions},
    {"specdocs", &answer_specdocs},
}};

}  // namespace

std::optional<CaseAnswer> find_case_answer(std::string_view word) {
  for (const auto& [name, answer] : kAnswers) {
    if (name == word) return answer;
  }
  return std::nullopt;
}

}  // namespace ibuild::cli
