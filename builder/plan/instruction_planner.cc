#include "builder/plan/instruction_planner.h"

#include <utility>

#include "base/error.h"
#include "base/rel_path.h"
#include "base/text.h"
#include "builder/plan/history_text.h"
#include "builder/plan/located.h"
#include "builder/plan/scan_args.h"
#include "parser/go_quote.h"
#include "parser/port_spec.h"
#include "parser/stop_signal.h"

namespace ibuild::builder {
namespace {

std::string upper_first_word(std::string text) {
  for (char& c : text) {
    if (c == ' ') break;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

/// The exec form's words, or the shell's words and the text.
std::vector<std::string> full_command(const parser::CommandLine& command,
                                      std::vector<std::string> shell) {
  if (command.is_exec) return command.words;
  shell.push_back(base::join(command.words, " "));
  return shell;
}

}  // namespace

void InstructionPlanner::plan(const StageInstruction& instruction) {
  current_ = &instruction;
  std::visit(*this, instruction.instruction->body);
}

void InstructionPlanner::fail(const char* code, const std::string& message) const {
  throw parser::DockerfileError(code, range(), message);
}

parser::Expander InstructionPlanner::expander() const {
  return parser::Expander(context_.escape, context_.meter.watch([this](std::string_view name) {
    return state_.env.get(name);
  }));
}

std::string InstructionPlanner::expand(const std::string& word) const {
  return located(range(), [&] { return expander().expand_word(word).text; });
}

std::string InstructionPlanner::vertex_text(const std::string& suffix,
                                            const std::set<std::string>& hidden) const {
  const parser::Expander shown(
      context_.escape,
      context_.meter.watch([&](std::string_view name) -> std::optional<std::string> {
        if (hidden.contains(std::string(name))) return "****";
        return state_.env.get(name);
      }));
  return upper_first_word(shown.expand_for_display(current_->instruction->text + suffix));
}

StepId InstructionPlanner::add_step(Op op, const std::string& text) {
  Step step;
  step.op = std::move(op);
  step.parent = state_.tip;
  step.name = state_.next_vertex_prefix(current_->is_trigger) + text;
  step.identity = state_.identity + "/" + std::to_string(++state_.steps_made);
  step.platform = state_.platform;
  step.ignore_cache = state_.ignore_cache;
  step.range = range();
  state_.tip = context_.steps.add(std::move(step));
  return *state_.tip;
}

void InstructionPlanner::operator()(const parser::Env& env) {
  // One environment for the whole instruction: `ENV a=1 b=$a` sees the old a.
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& pair : env.pairs) pairs.emplace_back(expand(pair.key), expand(pair.value));
  set_env(pairs);
}

void InstructionPlanner::set_env(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string text = "ENV";
  for (const auto& [key, value] : pairs) {
    // What no step sees is not in the configuration either, which need not be searched then.
    if (state_.env.has(key)) {
      state_.image.config.set_env(key, value);
      state_.env_has_changed = true;
    } else {
      state_.image.config.env.push_back(join_env(key, value));
    }
    state_.env.set(key, value);
    state_.build_args.note_changed(key);
    text.append(" ").append(join_env(key, value));
  }
  state_.add_history(text);
}

void InstructionPlanner::operator()(const parser::Label& label) {
  std::string text = "LABEL";
  for (const auto& pair : label.pairs) {
    const std::string key = expand(pair.key);
    const std::string value = expand(pair.value);
    state_.image.config.labels[key] = value;
    text.append(" ").append(join_env(key, value));
  }
  state_.add_history(text);
}

void InstructionPlanner::operator()(const parser::Arg& arg) {
  std::string text = "ARG";
  for (const auto& definition : arg.definitions) {
    std::optional<std::string> value = context_.args.given(definition.name);
    if (!value && definition.default_value) value = expand(*definition.default_value);
    if (!value && !definition.default_value) value = context_.args.value(definition.name);
    if (value && is_scan_arg(definition.name)) {
      apply_scan_arg(definition.name, *value, state_);
    } else if (value) {
      state_.env.set(definition.name, *value);
      state_.env_has_changed = true;
    }
    state_.build_args.declare(definition.name, value, state_.env);
    text += " " + definition.name + (value ? "=" + *value : "");
  }
  state_.add_history(text);
}

void InstructionPlanner::operator()(const parser::Expose& expose) {
  std::vector<std::string> ports;
  located(
      range(),
      [&] {
        for (const auto& written : expose.ports) {
          for (const auto& word : expander().expand_words(written)) {
            const auto spec = parser::parse_port_spec(word);
            ports.insert(ports.end(), spec.ports.begin(), spec.ports.end());
          }
        }
      },
      "bad-port");
  state_.image.config.exposed_ports.insert(ports.begin(), ports.end());
  state_.add_history("EXPOSE " + go_list(ports));
}

void InstructionPlanner::operator()(const parser::Cmd& cmd) {
  const auto words = full_command(cmd.command, state_.shell());
  state_.image.config.cmd = words;
  state_.image.config.args_escaped = true;
  state_.cmd_set = true;
  state_.add_history("CMD " + parser::go_quote_list(words));
}

void InstructionPlanner::operator()(const parser::Entrypoint& entrypoint) {
  const auto words = full_command(entrypoint.command, state_.shell());
  state_.image.config.entrypoint = words;
  if (!state_.cmd_set)
    state_.image.config.cmd.reset();  // an inherited CMD was meant for the inherited ENTRYPOINT
  state_.add_history("ENTRYPOINT " + parser::go_quote_list(words));
}

void InstructionPlanner::operator()(const parser::User& user) {
  state_.image.config.user = expand(user.user);
  state_.add_history("USER " + state_.image.config.user);
}

void InstructionPlanner::operator()(const parser::Workdir& workdir) {
  state_.image.config.working_dir = state_.resolve_workdir(expand(workdir.path));
  const auto path = base::RelPath::clean(state_.image.config.working_dir);
  std::optional<StepId> step;
  if (!path.is_root())
    step = add_step(WorkdirOp{path.absolute(), state_.image.config.user}, vertex_text());
  state_.add_history("WORKDIR " + state_.image.config.working_dir, step);
}

void InstructionPlanner::operator()(const parser::Volume& volume) {
  std::vector<std::string> paths;
  for (const auto& path : volume.paths) {
    paths.push_back(expand(path));
    if (paths.back().empty()) fail("empty-volume", "VOLUME specified can not be an empty string");
  }
  state_.image.config.volumes.insert(paths.begin(), paths.end());
  state_.add_history("VOLUME " + go_list(paths));
}

void InstructionPlanner::operator()(const parser::StopSignal& signal) {
  const std::string name = expand(signal.signal);
  located(
      range(), [&] { return parser::parse_signal(name); }, "bad-signal");
  state_.image.config.stop_signal = name;
  state_.add_history("STOPSIGNAL " + name);
}

void InstructionPlanner::operator()(const parser::Shell& shell) {
  state_.image.config.shell = shell.words;
  state_.add_history("SHELL " + go_list(shell.words));
}

void InstructionPlanner::operator()(const parser::Healthcheck& check) {
  image::Healthcheck health;
  if (check.none) {
    health.test = {"NONE"};
  } else {
    health.test = check.command.words;
    health.test.insert(health.test.begin(), check.command.is_exec ? "CMD" : "CMD-SHELL");
    health.interval = check.interval;
    health.timeout = check.timeout;
    health.start_period = check.start_period;
    health.start_interval = check.start_interval;
    health.retries = check.retries;
  }
  state_.image.config.healthcheck = health;
  state_.add_history("HEALTHCHECK " + go_healthcheck(health));
}

void InstructionPlanner::operator()(const parser::OnBuild& trigger) {
  state_.image.config.on_build.push_back(trigger.expression);
}

void InstructionPlanner::operator()(const parser::Maintainer& maintainer) {
  state_.image.author = maintainer.author;
  state_.add_history("MAINTAINER " + maintainer.author);
}

}  // namespace ibuild::builder
