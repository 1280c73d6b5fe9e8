// RUN of InstructionPlanner.

#include "base/rel_path.h"
#include "base/text.h"
#include "builder/cdi/cdi_device.h"
#include "builder/plan/history_text.h"
#include "builder/plan/instruction_planner.h"
#include "builder/plan/located.h"
#include "parser/clean_path.h"
#include "parser/device.h"
#include "parser/heredoc.h"
#include "parser/mount.h"

namespace ibuild::builder {
namespace {

/// Where a heredoc with a "#!" line is shown to the step.
constexpr std::string_view kScriptDir = "/dev/pipes/";
constexpr std::string_view kSecretDir = "/run/secrets/";
constexpr std::string_view kAgentSocket = "/run/buildkit/ssh_agent.";
constexpr const char* kAgentVariable = "SSH_AUTH_SOCK";

/// `cmd <<EOF …`: the text that the shell gets, bodies and delimiters put back. The tabs of <<- are
/// for the shell to take away.
std::string reassemble(const std::string& first_line,
                       const std::vector<parser::Heredoc>& heredocs) {
  std::string text = first_line;
  for (const auto& heredoc : heredocs) text += "\n" + heredoc.written_content() + heredoc.name;
  return text;
}

/// Variables that are secrets: what the stage has under these names is not what the step gets.
std::set<std::string> secret_variables(const std::vector<RunMount>& mounts) {
  std::set<std::string> names;
  for (const auto& mount : mounts) {
    if (mount.type == parser::MountType::secret && mount.env) names.insert(*mount.env);
  }
  return names;
}

}  // namespace

InstructionPlanner::RunCommand InstructionPlanner::run_command(
    const parser::CommandLine& command) const {
  RunCommand run;
  if (command.is_exec) {
    run.argv = command.words;
    return run;
  }
  std::string text = base::join(command.words, " ");
  if (!command.heredocs.empty()) {
    const auto& first = command.heredocs.front();
    if (!parser::try_parse_heredoc_word(text)) {
      text = reassemble(text, command.heredocs);
    } else {
      run.suffix = " (" + summarize_heredoc(first.content) + ")";
      text = first.content;
      if (text.starts_with("#!")) {
        run.script = parser::InlineFile{first.name, first.content, false};
        text = std::string(kScriptDir) + first.name;
      }
    }
  }
  run.argv = state_.shell();
  run.argv.push_back(text);
  return run;
}

parser::Mount InstructionPlanner::read_mount(const parser::WrittenMount& written) const {
  const auto expander = this->expander();
  const auto expand_value = [&](std::string_view text) { return expander.expand_word(text).text; };
  try {
    return parser::parse_mount(written.text, expand_value);
  } catch (const base::UsageError& fault) {
    parser::DockerfileError error("bad-mount", parser::place_of_fault(fault, written, range()),
                                  fault.what());
    error.set_hint(fault.hint());
    throw error;
  }
}

RunMount InstructionPlanner::run_mount(const parser::WrittenMount& written,
                                       const SourceName& source) const {
  const auto mount = read_mount(written);
  RunMount planned;
  planned.type = mount.type;
  planned.source = base::RelPath::clean(mount.source).absolute();
  planned.target = mount.target;
  planned.read_only = mount.read_only;
  planned.id = mount.id;
  planned.sharing = mount.sharing;
  planned.mode = mount.mode;
  planned.uid = mount.uid;
  planned.gid = mount.gid;
  planned.size_bytes = mount.size_bytes;
  planned.required = mount.required;
  planned.env = mount.env;
  if (mount.type == parser::MountType::secret) {
    place_secret(planned);
    return planned;
  }
  if (mount.type == parser::MountType::ssh) return planned;  // place_agents knows its number
  const bool needs_source = mount.type == parser::MountType::bind || !mount.from.empty();
  planned.from = needs_source ? context_.find_source(source, mount.from, "mount", range())
                              : FileSource(TreeRef{});
  complete_target(planned, mount.target);
  if (mount.type == parser::MountType::cache) {
    // With an owner or a mode BuildKit mounts a directory that it makes, and no part of `from`.
    const bool is_made =
        base::RelPath::clean(planned.source).is_root() && (mount.uid || mount.gid || mount.mode);
    planned.has_base = !mount.from.empty() && !is_made;
    if (!planned.has_base) planned.from = TreeRef{};
    // As it is written: BuildKit knows a relative target's cache by the same name in all
    // directories.
    if (planned.id.empty()) planned.id = parser::clean_path(mount.target);
    planned.id = context_.args.given("BUILDKIT_CACHE_MOUNT_NS").value_or("") + "/" + planned.id;
  }
  return planned;
}

/// Makes the target absolute and clean; the root itself is no target.
void InstructionPlanner::complete_target(RunMount& mount, const std::string& written) const {
  if (!mount.target.starts_with('/')) mount.target = state_.working_dir() + "/" + mount.target;
  const auto target = base::RelPath::clean(mount.target);
  if (target.is_root()) fail("bad-mount", "invalid mount target \"" + written + "\"");
  mount.target = target.absolute();
}

/// A secret that is a variable is a file only where a target says so.
void InstructionPlanner::place_secret(RunMount& mount) const {
  const std::string written = mount.target;
  if (mount.target.empty() && mount.env) return;
  if (mount.target.empty()) {
    const auto id = base::RelPath::clean(mount.id);
    mount.target = std::string(kSecretDir) + std::string(id.name());
  }
  complete_target(mount, written);
}

/// Sockets without a target are numbered; the first agent is the one that ssh finds by itself.
void InstructionPlanner::place_agents(RunOp& op) const {
  std::size_t number = 0;
  for (RunMount& mount : op.mounts) {
    if (mount.type != parser::MountType::ssh) continue;
    const std::string written = mount.target;
    if (mount.target.empty()) mount.target = std::string(kAgentSocket) + std::to_string(number);
    complete_target(mount, written);
    if (number == 0 && !state_.env.has(kAgentVariable)) op.env.set(kAgentVariable, mount.target);
    ++number;
  }
}

std::vector<RunMount> InstructionPlanner::run_mounts(const parser::Run& run) const {
  std::vector<RunMount> mounts;
  for (std::size_t i = 0; i < run.mounts.size(); ++i) {
    mounts.push_back(run_mount(run.mounts[i], current_->sources.at(i)));
  }
  return mounts;
}

/// What a Dockerfile may not take without being given it.
void InstructionPlanner::check_allowances(const parser::Run& run) const {
  const auto& allowed = context_.request.allowed;
  const auto refuse = [&](const std::string& flag, const std::string& entitlement) {
    parser::DockerfileError error(
        "not-allowed", range(), "RUN " + flag + ": entitlement " + entitlement + " is not allowed");
    error.set_hint("build with --allow " + entitlement + " when you trust the Dockerfile with it");
    throw error;
  };
  if (run.network == "host" && !allowed.host_network) refuse("--network=host", "network.host");
  if (run.security == "insecure" && !allowed.insecure_steps)
    refuse("--security=insecure", "security.insecure");
}

std::vector<parser::Device> InstructionPlanner::run_devices(const parser::Run& run) const {
  std::vector<parser::Device> devices;
  for (const auto& text : run.devices) {
    devices.push_back(located(
        range(), [&] { return parser::parse_device(text); }, "invalid-device"));
  }
  return devices;
}

void InstructionPlanner::check_devices(const parser::Run& run) const {
  for (const auto& text : run.devices) {
    if (is_cdi_name(parser::parse_device(text).name)) continue;
    fail("invalid-device", "RUN --device=" + base::printable(text) +
                               ": the name of a device is vendor/class or vendor/class=name");
  }
}

void InstructionPlanner::check_platform() const {
  // Other processors are a matter for emulators.
  const auto host = image::host_platform();
  if (context_.platform.os == host.os) return;
  fail("foreign-platform", "RUN for " + context_.platform.str_with_version() +
                               " is not possible on this " + host.str() + " machine");
}

void InstructionPlanner::operator()(const parser::Run& run) {
  put_off([&] {
    check_allowances(run);
    check_platform();
    if (run.command.words.empty())
      fail("empty-run", "RUN has no command: its list of arguments is empty");
    check_devices(run);
  });
  RunCommand command = run_command(run.command);
  RunOp op;
  op.argv = command.argv;
  op.script = command.script;
  op.env = state_.env;
  op.build_args = state_.build_args.names();
  for (const auto& [name, value] : context_.args.proxy_env()) {
    if (!state_.env.has(name)) op.proxy_env.emplace_back(name, value);
  }
  op.working_dir = state_.working_dir();
  op.user = state_.image.config.user;
  op.network = run.network == "default" ? context_.request.network : run.network;
  op.insecure = run.security == "insecure";
  op.devices = run_devices(run);
  op.mounts = run_mounts(run);
  place_agents(op);
  op.platform = context_.platform;
  op.hostname = context_.args.given("BUILDKIT_SANDBOX_HOSTNAME").value_or("buildkitsandbox");
  const std::string text = vertex_text(command.suffix, secret_variables(op.mounts));
  const StepId step = add_step(std::move(op), text);
  state_.add_history(run_history(command.argv, state_.build_args, state_.env), step);
}

}  // namespace ibuild::builder
