#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "parser/expansion.h"
#include "parser/lint_sink.h"

namespace ibuild::parser {

/// Names and values; letter case counts.
using LintEnv = std::map<std::string, std::string, std::less<>>;

/// What a FROM comes to, once its variables are expanded.
struct LintBase {
  std::optional<std::size_t> stage;  // an earlier one
  std::string image;                 // else; "scratch" is none
  std::string os;                    // of FROM --platform; else empty
};

/// The checks of FROM lines and of the variables in them.
class FromLinter {
 public:
  FromLinter(const StageList& list, const LintOptions& options, const LintConfig& config,
             LintSink& sink)
      : list_(list), options_(options), config_(config), sink_(sink) {}

  /// One base for each stage. Throws: DockerfileError where the build would end.
  std::vector<LintBase> run();
  /// The global scope as run() left it.
  const LintEnv& global_args() const { return global_args_; }

 private:
  LintEnv platform_args() const;
  LintEnv resolve_args(bool use_build_args) const;
  void check_defaults();
  LintBase check_base(const Stage& stage, std::size_t index, const LintConfig& config);
  /// The system that is named; empty when none is.
  std::string check_platform(const Stage& stage, const LintConfig& config);
  /// Names that nothing declares are reported also when the expansion ends in a fault.
  ExpandedWord expand_in_from(std::string_view word, const Stage& stage, const LintConfig& config);
  void report_undeclared(const std::set<std::string>& unset, const Stage& stage,
                         const LintConfig& config);

  const StageList& list_;
  const LintOptions& options_;
  const LintConfig& config_;
  LintSink& sink_;
  LintEnv global_args_;
  std::set<std::string> declared_;
  std::map<std::string, std::size_t> named_;  // the stages so far
};

/// The checks of the instructions in the stages: goes through them as a build would, without doing
/// anything.
class StageLinter {
 public:
  StageLinter(const StageList& list, const LintOptions& options, const LintConfig& config,
              LintSink& sink, const LintEnv& global_args)
      : list_(list), options_(options), config_(config), sink_(sink), global_args_(global_args) {}

  /// Throws: DockerfileError where the build would end.
  void run(const std::vector<LintBase>& bases);

 private:
  /// What one stage hands on to those built on it.
  struct State {
    LintEnv env;
    /// When each of `env` was set last, for names(): of two names as near to a wrong one, the older
    /// is suggested.
    std::map<std::string, std::size_t, std::less<>> set_at;
    std::size_t times_set = 0;
    std::set<std::string> only_args;  // of `env`: what no ENV and no base has set
    LintEnv hidden;                   // by an ARG: it counts again in stages that stand on this one
    std::set<std::string> args;       // names of ARGs, with or without a value
    std::vector<std::string> onbuild;  // triggers
    std::string os;
    bool is_env_known = true;
    bool has_shell = false;
    bool has_workdir = false;

    void set(const std::string& name, std::string value);
    std::vector<std::string> names() const;
  };
  class InstructionLinter;

  /// `states` of earlier stages; that of a base which no later stage stands on is taken away.
  State start_state(std::size_t index, const LintBase& base, std::vector<State>& states);
  std::optional<BaseImageFacts> base_facts(std::size_t index, const LintBase& base);
  /// False when nothing that follows is to be looked at.
  bool lint_stage(const Stage& stage, State& state);
  bool is_last(const SourceRange& range) const {
    return options_.last_line && range.start.line >= *options_.last_line;
  }

  const StageList& list_;
  const LintOptions& options_;
  const LintConfig& config_;
  LintSink& sink_;
  const LintEnv& global_args_;
  std::vector<std::size_t> users_;  // how many stages still to come stand on each
};

}  // namespace ibuild::parser
