// Pass 2: AST → stages.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/text.h"
#include "parser/directives.h"
#include "parser/dockerfile.h"
#include "parser/instruction_builder.h"

namespace ibuild::parser {

namespace {

bool is_from(const AstNode& node) { return base::iequals(node.keyword, "from"); }

Stage open_stage(Instruction instruction) {
  Stage stage;
  stage.from = std::get<From>(instruction.body);
  stage.doc_comment = doc_comment(instruction.comments, stage.from.name);
  stage.range = instruction.range;
  stage.from_instruction = std::move(instruction);
  return stage;
}

void add_instruction(StageList& list, Instruction instruction) {
  if (std::holds_alternative<From>(instruction.body)) {
    list.stages.push_back(open_stage(std::move(instruction)));
  } else if (!list.stages.empty()) {
    list.stages.back().range.end = instruction.range.end;
    list.stages.back().instructions.push_back(std::move(instruction));
  } else if (std::holds_alternative<Arg>(instruction.body)) {
    list.global_args.push_back(std::move(instruction));
  } else {
    DockerfileError error("no-stage", instruction.range, "no build stage in current context");
    error.set_hint("the first instruction must be FROM; only ARG may stand before it");
    throw error;
  }
}

/// A file that is for another front end may fail at its first line; then say so.
void add_frontend_hint(const Dockerfile& dockerfile, DockerfileError& error) {
  if (error.code() != "unknown-instruction") return;
  const std::optional<Directive> syntax = detect_syntax(dockerfile.source);
  if (!syntax || is_dockerfile_frontend(first_word(syntax->value))) return;
  error.set_hint("the file asks for the front end " + base::printable(first_word(syntax->value)) +
                 "; only the Dockerfile language is built in");
}

/// A trigger comes from an image's configuration, not from a file.
void forget_place(DockerfileError& error) {
  DockerfileError moved(error.code(), {}, std::string("ONBUILD trigger: ") + error.what());
  moved.set_hint(error.hint());
  error = std::move(moved);
}

}  // namespace

StageList build_stages(const Dockerfile& dockerfile, Diagnostics& diagnostics) {
  StageList list;
  list.escape = dockerfile.escape;
  const auto& nodes = dockerfile.nodes;
  for (auto node = nodes.begin(); node != nodes.end(); ++node) {
    try {
      add_instruction(list, build_instruction(*node, diagnostics));
      if (!is_from(*node)) continue;
      // As long as it will be: moving instructions is most of what a long stage costs.
      const auto next = std::find_if(node + 1, nodes.end(), is_from);
      list.stages.back().instructions.reserve(static_cast<std::size_t>(next - node - 1));
    } catch (DockerfileError& error) {
      add_frontend_hint(dockerfile, error);
      throw;
    }
  }
  return list;
}

Instruction parse_onbuild_trigger(std::string_view expression, Diagnostics& diagnostics) {
  try {
    const Dockerfile dockerfile = parse_dockerfile(std::string(expression), diagnostics);
    if (dockerfile.nodes.size() != 1) {
      throw DockerfileError("onbuild-not-allowed", {}, "a trigger must be a single instruction");
    }
    Instruction instruction = build_instruction(dockerfile.nodes.front(), diagnostics);
    if (std::holds_alternative<From>(instruction.body)) {
      throw DockerfileError("onbuild-not-allowed", {}, "FROM isn't allowed as a trigger");
    }
    instruction.range = {};
    if (auto* run = std::get_if<Run>(&instruction.body)) {
      for (WrittenMount& mount : run->mounts) mount.range = {};
    }
    return instruction;
  } catch (DockerfileError& error) {
    forget_place(error);
    throw;
  }
}

}  // namespace ibuild::parser
