// StageLinter of lint_stages.h.
#include "parser/lint_stages.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "parser/chmod.h"
#include "parser/clean_path.h"
#include "parser/git_reference.h"
#include "parser/go_quote.h"
#include "parser/lint_expansion.h"
#include "parser/lint_words.h"
#include "parser/mount.h"
#include "parser/port_spec.h"
#include "parser/stop_signal.h"

namespace ibuild::parser {

namespace {

/// ARGs that steer the build and are no variables of the stage.
bool is_build_control(std::string_view name) {
  return name == "BUILDKIT_SBOM_SCAN_CONTEXT" || name == "BUILDKIT_SBOM_SCAN_STAGE";
}

// What ends a build before the sources of COPY and ADD are looked at.

void check_mode(const std::string& chmod) {
  if (!chmod.empty()) FileMode::parse(chmod);
}

void check_is_local(const std::string& source) {
  if (is_repository(source)) throw base::UsageError("source can't be a git ref for COPY");
  if (is_url(source)) throw base::UsageError("source can't be a URL for COPY");
}

void check_has_checksum(const std::vector<std::string>& sources) {
  if (sources.size() != 1)
    throw base::UsageError("checksum can't be specified for multiple sources");
  if (!is_url(sources.front()) && !parse_git_reference(sources.front()))
    throw base::UsageError("checksum requires HTTP(S) or Git sources");
}

}  // namespace

/// Goes through one instruction; one function for each kind.
class StageLinter::InstructionLinter {
 public:
  /// The CMD, ENTRYPOINT and HEALTHCHECK seen last in the stage.
  using Seen = std::map<std::size_t, SourceRange>;

  InstructionLinter(StageLinter& owner, State& state, Seen& seen, const Instruction& instruction,
                    const SourceRange& range)
      : owner_(owner),
        state_(state),
        seen_(seen),
        instruction_(instruction),
        range_(range),
        config_(with_comments(owner.config_, instruction.comments)) {}

  void run() {
    try {
      std::visit(*this, instruction_.body);
    } catch (const base::UsageError& error) {
      if (is_unsure_) return;
      DockerfileError located("invalid-instruction", fault_place_.value_or(range_), error.what());
      located.set_hint(error.hint());
      throw located;
    }
  }

  void operator()(const Run& run) {
    for (const WrittenMount& mount : run.mounts) {
      try {
        parse_mount(mount.text, [this](std::string_view value) { return expand(value); });
      } catch (const base::UsageError& fault) {
        fault_place_ = place_of_fault(fault, mount, range_);
        throw;
      }
    }
  }
  void operator()(const Copy& copy) {
    expand(copy.chown);
    const std::string chmod = expand(copy.chmod);
    const std::vector<std::string> paths = expand_sources(copy.sources);
    check_mode(chmod);
    for (const std::string& path : paths) {
      check_is_local(path);
      if (copy.from.empty()) check_ignored(path, "Copy");
    }
  }
  void operator()(const Add& add) {
    expand(add.chown);
    const std::string chmod = expand(add.chmod);
    const std::string checksum = expand(add.checksum);
    const std::vector<std::string> paths = expand_sources(add.sources);
    check_mode(chmod);
    if (!checksum.empty()) check_has_checksum(paths);
    for (const std::string& path : paths) {
      if (!is_repository(path) && !is_url(path)) check_ignored(path, "Add");
    }
  }
  void operator()(const Env& env);
  void operator()(const Label& label);
  void operator()(const Arg& arg);
  void operator()(const Expose& expose);
  void operator()(const Cmd& cmd) {
    check_repeated();
    check_form(cmd.command);
  }
  void operator()(const Entrypoint& entrypoint) {
    check_repeated();
    check_form(entrypoint.command);
  }
  void operator()(const Healthcheck&) { check_repeated(); }
  void operator()(const User& user) { expand(user.user); }
  void operator()(const Workdir& workdir) {
    const std::string path = expand(workdir.path);
    const bool is_absolute =
        state_.os == "windows" ? is_absolute_on_windows(path) : path.starts_with('/');
    if (!state_.has_workdir && !is_absolute && !is_unsure_) {
      report(LintRule::workdir_relative_path,
             "Relative workdir " + go_quote(path) +
                 " can have unexpected results if the base image changes");
    }
    state_.has_workdir = true;
  }
  void operator()(const Volume& volume) {
    for (const std::string& path : volume.paths) expand(path);
  }
  void operator()(const StopSignal& signal) { parse_signal(expand(signal.signal)); }
  void operator()(const Shell&) { state_.has_shell = true; }
  void operator()(const OnBuild& onbuild) { state_.onbuild.push_back(onbuild.expression); }
  void operator()(const Maintainer&) {}
  void operator()(const From&) {}

 private:
  void report(LintRule rule, std::string message) {
    owner_.sink_.report(config_, rule, std::move(message), range_);
  }
  std::string expand(std::string_view word);
  template <typename Expansion>
  std::string expand_with(char escape, Expansion expansion);
  void report_undefined(const std::set<std::string>& unset);
  void check_legacy(const KeyValue& pair);
  void check_repeated();
  void check_form(const CommandLine& command);
  /// The paths that a COPY or ADD reads.
  std::vector<std::string> expand_sources(const CopySources& sources);
  void check_ignored(const std::string& source, std::string_view verb);
  void define_arg(const ArgDefinition& definition);
  VariableLookup lookup() {
    return owner_.sink_.meter().watch([this](std::string_view name) -> std::optional<std::string> {
      const auto found = state_.env.find(name);
      if (found != state_.env.end()) return found->second;
      is_unsure_ = !state_.is_env_known;
      return std::nullopt;
    });
  }

  StageLinter& owner_;
  State& state_;
  Seen& seen_;
  const Instruction& instruction_;
  const SourceRange& range_;
  LintConfig config_;
  /// A variable may come from a base that is not known: what is wrong without it may be right.
  bool is_unsure_ = false;
  std::optional<SourceRange> fault_place_;  // within the instruction
};

std::string StageLinter::InstructionLinter::expand(std::string_view word) {
  return expand_with(owner_.list_.escape,
                     [word](const Expander& expander) { return expander.expand_word(word).text; });
}

template <typename Expansion>
std::string StageLinter::InstructionLinter::expand_with(char escape, Expansion expansion) {
  return expand_and_report(escape, lookup(), expansion,
                           [this](const auto& unset) { report_undefined(unset); });
}

void StageLinter::State::set(const std::string& name, std::string value) {
  env[name] = std::move(value);
  set_at[name] = ++times_set;
}

std::vector<std::string> StageLinter::State::names() const {
  std::vector<std::string> names;
  for (const auto& [name, when] : set_at) names.push_back(name);
  std::sort(names.begin(), names.end(), [this](const std::string& a, const std::string& b) {
    return set_at.find(a)->second < set_at.find(b)->second;
  });
  return names;
}

void StageLinter::InstructionLinter::report_undefined(const std::set<std::string>& unset) {
  if (unset.empty() || !state_.is_env_known) return;
  const auto names = [this] { return state_.names(); };
  for (const std::string& name : unset) {
    if (state_.args.contains(name) || is_build_control(name)) continue;
    report(LintRule::undefined_var, "Usage of undefined variable '$" + base::printable(name) + "'" +
                                        owner_.sink_.suggest(name, state_.env.size(), "$", names));
  }
}

void StageLinter::InstructionLinter::check_legacy(const KeyValue& pair) {
  if (!pair.legacy) return;
  const std::string& keyword = instruction_.keyword;
  report(LintRule::legacy_key_value_format, "\"" + keyword +
                                                " key=value\" should be used instead of legacy \"" +
                                                keyword + " key value\" format");
}

void StageLinter::InstructionLinter::operator()(const Env& env) {
  std::vector<std::pair<std::string, std::string>> added;
  for (const KeyValue& pair : env.pairs) {
    std::string key = expand(pair.key);
    added.emplace_back(std::move(key), expand(pair.value));
  }
  for (const KeyValue& pair : env.pairs) check_legacy(pair);
  for (auto& [key, value] : added) {
    if (names_a_secret(key)) {
      report(LintRule::secrets_used_in_arg_or_env,
             "Do not use ARG or ENV instructions for sensitive data (ENV " + go_quote(key) + ")");
    }
    state_.only_args.erase(key);
    state_.hidden.erase(key);
    state_.set(key, std::move(value));
  }
}

void StageLinter::InstructionLinter::operator()(const Label& label) {
  for (const KeyValue& pair : label.pairs) {
    expand(pair.key);
    expand(pair.value);
  }
  for (const KeyValue& pair : label.pairs) check_legacy(pair);
}

void StageLinter::InstructionLinter::operator()(const Arg& arg) {
  for (const ArgDefinition& definition : arg.definitions) {
    if (names_a_secret(definition.name)) {
      report(LintRule::secrets_used_in_arg_or_env,
             "Do not use ARG or ENV instructions for sensitive data (ARG " +
                 go_quote(definition.name) + ")");
    }
    define_arg(definition);
  }
}

/// --build-arg, then the default written here, then the global scope.
void StageLinter::InstructionLinter::define_arg(const ArgDefinition& definition) {
  const std::string& name = definition.name;
  std::optional<std::string> value;
  const auto given = owner_.options_.build_args.find(name);
  const auto global = owner_.global_args_.find(name);
  if (given != owner_.options_.build_args.end()) {
    value = given->second;
  } else if (definition.default_value) {
    value = expand(*definition.default_value);
  } else if (global != owner_.global_args_.end()) {
    value = global->second;
  }
  if (value && !is_build_control(name)) {
    const auto known = state_.env.find(name);
    if (known == state_.env.end()) state_.only_args.insert(name);
    if (!state_.only_args.contains(name)) state_.hidden.try_emplace(name, known->second);
    state_.set(name, *std::move(value));
  }
  state_.args.insert(name);
}

void StageLinter::InstructionLinter::operator()(const Expose& expose) {
  for (const std::string& written : expose.ports) {
    for (const std::string& word : Expander(owner_.list_.escape, lookup()).expand_words(written)) {
      const PortWord port = split_port_word(word);
      if (port.protocol_has_capitals) {
        report(LintRule::expose_proto_casing, "Defined protocol '" + base::printable(word) +
                                                  "' in EXPOSE instruction should be lowercase");
      }
      if (port.has_host_part) {
        report(LintRule::expose_invalid_format,
               "EXPOSE instruction should not define an IP address or host-port mapping, found '" +
                   base::printable(word) + "'");
      }
      parse_port_range(word);  // a fault ends the build
    }
  }
}

/// The one before is what has no effect, so it is the one that is named.
void StageLinter::InstructionLinter::check_repeated() {
  const auto [last, is_first] = seen_.emplace(instruction_.body.index(), range_);
  if (is_first) return;
  owner_.sink_.report(
      config_, LintRule::multiple_instructions_disallowed,
      "Multiple " + instruction_.keyword +
          " instructions should not be used in the same stage because only the last "
          "one will be used",
      last->second);
  last->second = range_;
}

void StageLinter::InstructionLinter::check_form(const CommandLine& command) {
  if (command.is_exec || state_.has_shell) return;
  report(LintRule::json_args_recommended,
         "JSON arguments recommended for " + instruction_.keyword +
             " to prevent unintended behavior related to OS signals");
}

std::vector<std::string> StageLinter::InstructionLinter::expand_sources(
    const CopySources& sources) {
  std::vector<std::string> paths;
  for (const std::string& path : sources.paths) paths.push_back(expand(path));
  expand(sources.destination);
  for (const InlineFile& file : sources.inline_files) {
    if (!file.expand) continue;
    expand_with('\\', [&file](const Expander& expander) {
      return expander.expand_heredoc(file.content).text;
    });
  }
  return paths;
}

void StageLinter::InstructionLinter::check_ignored(const std::string& source,
                                                   std::string_view verb) {
  const IgnoreMatcher* ignore = owner_.options_.ignore;
  if (is_unsure_ || ignore == nullptr || ignore->empty() || ignore->has_exceptions()) return;
  const std::string path = clean_path(source);
  if ((path == "." || path == "/") && !ignores_everything(*ignore)) return;
  if (!ignore->matches(path)) return;
  report(LintRule::copy_ignored_file, "Attempting to " + std::string(verb) + " file " +
                                          go_quote(path) + " that is excluded by .dockerignore");
}

std::optional<BaseImageFacts> StageLinter::base_facts(std::size_t index, const LintBase& base) {
  if (base.image == "scratch") return BaseImageFacts{};
  if (!options_.base_image) return std::nullopt;
  auto facts = options_.base_image(index, base.image);
  if (facts && !facts->platform_fault.empty()) {
    const Instruction& from = list_.stages[index].from_instruction;
    sink_.report(with_comments(config_, from.comments), LintRule::invalid_base_image_platform,
                 facts->platform_fault, from.range);
  }
  return facts;
}

StageLinter::State StageLinter::start_state(std::size_t index, const LintBase& base,
                                            std::vector<State>& states) {
  if (base.stage) {
    State& below = states[*base.stage];
    State state = --users_[*base.stage] == 0 ? std::exchange(below, {}) : below;
    for (auto& [name, value] : std::exchange(state.hidden, {})) state.set(name, value);
    return state;
  }
  State state;
  std::optional<BaseImageFacts> facts = base_facts(index, base);
  state.is_env_known = facts.has_value();
  const auto target = global_args_.find("TARGETOS");
  state.os = base.os.empty() && target != global_args_.end() ? target->second : base.os;
  if (facts) {
    state.has_shell = facts->has_shell;
    state.onbuild = std::move(facts->onbuild);
    for (const std::string& entry : facts->env) {
      const auto equals = entry.find('=');
      if (equals == std::string::npos) continue;
      state.set(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  if (state.os != "windows" && !state.env.contains("PATH"))  // Windows knows its own
    state.set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  return state;
}

bool StageLinter::lint_stage(const Stage& stage, State& state) {
  InstructionLinter::Seen seen;
  const SourceRange& from_range = stage.from_instruction.range;
  for (const std::string& trigger : std::exchange(state.onbuild, {})) {
    Diagnostics unused;
    const Instruction instruction = parse_onbuild_trigger(trigger, unused);
    InstructionLinter(*this, state, seen, instruction, from_range).run();
  }
  if (is_last(from_range)) return false;
  for (const Instruction& instruction : stage.instructions) {
    InstructionLinter(*this, state, seen, instruction, instruction.range).run();
    if (is_last(instruction.range)) return false;
  }
  return true;
}

void StageLinter::run(const std::vector<LintBase>& bases) {
  std::vector<State> states(list_.stages.size());
  const auto is_wanted = [&](std::size_t i) {
    return options_.stages.empty() || options_.stages.contains(i);
  };
  users_.assign(list_.stages.size(), 0);
  for (std::size_t i = 0; i < list_.stages.size(); ++i) {
    if (is_wanted(i) && bases[i].stage) ++users_[*bases[i].stage];
  }
  for (std::size_t i = 0; i < list_.stages.size(); ++i) {
    if (!is_wanted(i)) continue;
    State state = start_state(i, bases[i], states);
    if (!lint_stage(list_.stages[i], state)) return;
    if (users_[i] > 0) states[i] = std::move(state);
  }
}

}  // namespace ibuild::parser
