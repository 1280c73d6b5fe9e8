#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "builder/plan/base_table.h"
#include "builder/plan/build_args.h"
#include "builder/plan/build_plan.h"
#include "builder/plan/stage_graph.h"
#include "builder/plan/stage_state.h"
#include "builder/plan/step_collector.h"
#include "parser/expansion.h"

namespace ibuild::builder {

/// Lets the instructions of one stage take effect, one after the other: changes the stage's state
/// and adds steps to the plan. One function per instruction, called through std::visit.
class InstructionPlanner {
 public:
  /// What the planner of all stages answers for it.
  struct Context {
    const BuildRequest& request;
    const GlobalArgs& args;
    StepCollector& steps;
    char escape;
    image::Platform platform;  // that the programs of this stage are made for
    /// Where a COPY or a mount reads; `what` ("copy", "mount") and the range are for messages.
    std::function<FileSource(const SourceName& source, const std::string& text,
                             const std::string& what, const parser::SourceRange& range)>
        find_source;
    parser::ExpansionMeter& meter;                     // of the whole file
    std::optional<parser::DockerfileError>& obstacle;  // BuildPlan::obstacle
  };
  InstructionPlanner(const Context& context, StageState& state)
      : context_(context), state_(state) {}

  /// Throws: parser::DockerfileError.
  void plan(const StageInstruction& instruction);
  /// As ENV with these values, which are not expanded.
  void set_env(const std::vector<std::pair<std::string, std::string>>& pairs);

  void operator()(const parser::From&) {}
  void operator()(const parser::Run& run);
  void operator()(const parser::Copy& copy);
  void operator()(const parser::Add& add);
  void operator()(const parser::Env& env);
  void operator()(const parser::Label& label);
  void operator()(const parser::Arg& arg);
  void operator()(const parser::Expose& expose);
  void operator()(const parser::Cmd& cmd);
  void operator()(const parser::Entrypoint& entrypoint);
  void operator()(const parser::User& user);
  void operator()(const parser::Workdir& workdir);
  void operator()(const parser::Volume& volume);
  void operator()(const parser::StopSignal& signal);
  void operator()(const parser::Shell& shell);
  void operator()(const parser::Healthcheck& check);
  void operator()(const parser::OnBuild& trigger);
  void operator()(const parser::Maintainer& maintainer);

 private:
  [[noreturn]] void fail(const char* code, const std::string& message) const;
  /// What is found here is the plan's obstacle, if it has none yet. As in BuildKit, whose front end
  /// reads the rest of the file before any step is refused: a mistake further down is told first,
  /// and all warnings are.
  template <typename Check>
  void put_off(Check&& check) const {
    try {
      std::forward<Check>(check)();
    } catch (parser::DockerfileError& obstacle) {
      if (!context_.obstacle) context_.obstacle = std::move(obstacle);
    }
  }
  const parser::SourceRange& range() const { return current_->range; }
  parser::Expander expander() const;
  std::string expand(const std::string& word) const;
  /// The instruction's text for a vertex: keyword in upper case, variables expanded, those that are
  /// `hidden` masked.
  std::string vertex_text(const std::string& suffix = "",
                          const std::set<std::string>& hidden = {}) const;
  StepId add_step(Op op, const std::string& text);

  // COPY and ADD (plan_copy.cc)
  CopyOp copy_basics(const parser::CopySources& sources, const std::string& chown,
                     const std::string& chmod) const;
  std::string destination(const std::string& path) const;
  decltype(CopyPath::remote) remote_source(const std::string& path, const parser::Add& add) const;
  void add_copy(CopyOp op, const std::string& written_destination);

  // RUN (plan_run.cc)
  struct RunCommand {
    std::vector<std::string> argv;
    std::optional<parser::InlineFile> script;
    std::string suffix;  // for the vertex's name
  };
  RunCommand run_command(const parser::CommandLine& command) const;
  std::vector<RunMount> run_mounts(const parser::Run& run) const;
  std::vector<parser::Device> run_devices(const parser::Run& run) const;
  parser::Mount read_mount(const parser::WrittenMount& written) const;
  RunMount run_mount(const parser::WrittenMount& written, const SourceName& source) const;
  void place_secret(RunMount& mount) const;
  void place_agents(RunOp& op) const;
  void complete_target(RunMount& mount, const std::string& written) const;
  void check_allowances(const parser::Run& run) const;
  void check_platform() const;
  void check_devices(const parser::Run& run) const;

  const Context& context_;
  StageState& state_;
  const StageInstruction* current_ = nullptr;
};

}  // namespace ibuild::builder
