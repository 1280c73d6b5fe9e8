#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "parser/dockerfile.h"
#include "parser/instruction.h"

namespace ibuild::parser {

/// One AST node → one typed instruction. What is odd but allowed goes to `diagnostics`. Throws:
/// DockerfileError.
Instruction build_instruction(const AstNode& node, Diagnostics& diagnostics);

/// The text behind "name " in the comment lines above an instruction; empty when there is none.
std::string doc_comment(const std::vector<std::string>& comments, std::string_view name);

// The parts of build_instruction, by kind.

// instructions_stage.cc
From build_from(const AstNode& node);
OnBuild build_onbuild(const AstNode& node);
// instructions_files.cc
Copy build_copy(const AstNode& node);
Add build_add(const AstNode& node);
// instructions_command.cc
Run build_run(const AstNode& node);
Cmd build_cmd(const AstNode& node);
Entrypoint build_entrypoint(const AstNode& node);
Shell build_shell(const AstNode& node);
Healthcheck build_healthcheck(const AstNode& node);
// instructions_config.cc
Env build_env(const AstNode& node);
Label build_label(const AstNode& node);
Arg build_arg(const AstNode& node);
Expose build_expose(const AstNode& node);
User build_user(const AstNode& node);
Workdir build_workdir(const AstNode& node);
Volume build_volume(const AstNode& node);
StopSignal build_stop_signal(const AstNode& node);
Maintainer build_maintainer(const AstNode& node);

// Faults that several of them find.
[[noreturn]] void fail_count(const AstNode& node, std::string_view needs);
void need_one_argument(const AstNode& node, std::string_view keyword);
void need_some_arguments(const AstNode& node, std::string_view keyword);

}  // namespace ibuild::parser
