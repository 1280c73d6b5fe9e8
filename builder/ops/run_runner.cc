#include "builder/ops/run_runner.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "builder/export/blobs_ahead.h"
#include "builder/ops/secret_masker.h"
#include "builder/ops/secret_search.h"
#include "builder/ops/user_lookup.h"
#include "builder/plan/located.h"
#include "builder/run_impossible.h"
#include "builder/tree/layered_tree.h"
#include "image/config.h"
#include "parser/go_quote.h"
#include "sandbox/emulation.h"
#include "sandbox/network_files.h"
#include "sandbox/sandbox.h"

namespace ibuild::builder {
namespace {

constexpr const char* kHostGateway = "host-gateway";  // for --add-host

/// Passes a step's output on as events, without the values of its secrets.
class LogObserver : public sandbox::StepObserver {
 public:
  LogObserver(EventSink& events, VertexId vertex, const std::vector<StepSecrets::Secret>& secrets)
      : events_(events), vertex_(vertex), out_(secrets), err_(secrets) {}
  void output(Stream stream, std::string_view bytes) override {
    emit(stream, masker(stream).add(bytes));
  }
  void ran_out_of_memory() override { out_of_memory_ = true; }
  void owners_recorded(const std::vector<base::SpecialOwner>& owners) override {
    owners_ = base::SpecialOwners(owners);
  }
  base::SpecialOwners take_owners() { return std::move(owners_); }
  bool out_of_memory() const { return out_of_memory_; }
  /// After the step's end.
  void finish() {
    for (const Stream stream : {Stream::out, Stream::err}) emit(stream, masker(stream).take_rest());
  }

 private:
  SecretMasker& masker(Stream stream) { return stream == Stream::out ? out_ : err_; }
  void emit(Stream stream, std::string bytes) {
    if (!bytes.empty())
      events_.emit(event::StepLog{vertex_, stream == Stream::err, std::move(bytes)});
  }

  EventSink& events_;
  VertexId vertex_;
  SecretMasker out_;
  SecretMasker err_;
  bool out_of_memory_ = false;
  base::SpecialOwners owners_;
};

sandbox::NetworkMode network_mode(const std::string& name) {
  if (name == "none") return sandbox::NetworkMode::none;
  if (name == "private") return sandbox::NetworkMode::own;
  if (name == "default" || name == "host") return sandbox::NetworkMode::host;
  throw base::UsageError("unsupported network mode \"" + base::printable(name) +
                         "\" (default, host, none, private)");
}

bool has_variable(const std::vector<std::string>& env, std::string_view name) {
  return std::any_of(env.begin(), env.end(), [&](const std::string& text) {
    return text.starts_with(name) && text.size() > name.size() && text[name.size()] == '=';
  });
}

std::string how_it_ended(const base::ExitStatus& status, const LogObserver& observer) {
  const std::string end =
      status.signal == 0 ? "exit code: " + std::to_string(status.code) : status.describe();
  return end + (observer.out_of_memory() ? ": out of memory: the kernel killed a process" : "");
}

/// The lines of --add-host for a step. The host is where the host's loopback is, or nowhere.
std::vector<std::pair<std::string, std::string>> extra_hosts(
    const std::vector<std::string>& add_hosts, sandbox::NetworkMode network) {
  std::vector<std::pair<std::string, std::string>> hosts;
  for (const auto& text : add_hosts) {
    auto host = parse_add_host(text);
    if (host.second == kHostGateway) {
      if (network != sandbox::NetworkMode::host) continue;
      host.second = "127.0.0.1";
    }
    hosts.push_back(std::move(host));
  }
  return hosts;
}

}  // namespace

std::pair<std::string, std::string> parse_add_host(const std::string& text) {
  // IPv6 addresses have colons, host names have none.
  const auto separator = text.find_first_of("=:");
  if (separator == std::string::npos || separator == 0 || separator + 1 == text.size()) {
    throw base::UsageError("bad --add-host \"" + base::printable(text) +
                           "\": it must be name:address");
  }
  return {text.substr(0, separator), text.substr(separator + 1)};
}

StepKey RunRunner::make_key(RunMounts::Stages stages) {
  const auto& request = input_.scope.request;
  StepKey key;
  key.add("op", "RUN " + parser::go_quote_list(op_.argv));
  add_parent(key, input_);
  for (const auto& [name, value] : op_.env.items()) key.add("env " + name, value);
  key.add("cwd", op_.working_dir);
  key.add("user", op_.user);
  key.add("network", op_.network);
  if (op_.insecure) key.add("security", "insecure");
  key.add("platform", op_.platform.str());
  key.add("hostname", op_.hostname);
  for (const auto& host : request.add_hosts) key.add("hosts", parse_add_host(host).first);
  key.add("shm-size", std::to_string(request.shm_size_bytes));
  for (const auto& limit : request.ulimits) {
    key.add("ulimits", std::to_string(limit.resource) + " " + std::to_string(limit.soft) + " " +
                           std::to_string(limit.hard));
  }
  for (const auto& device : request.devices) key.add("device", device.target + device.cdi_name);
  for (const auto& device : op_.devices) {
    key.add("device", device.name + (device.required ? " required" : ""));
  }
  if (op_.script) key.add("script", op_.script->content);
  mounts_.add_to(key, stages);
  add_epoch(key, input_);
  return key;
}

std::optional<StepKey> RunRunner::content_key() {
  if (!mounts_.reads_stages()) return std::nullopt;
  return make_key(RunMounts::Stages::by_content);
}

void RunRunner::add_details(StepKey& key) {
  for (const auto& name : op_.build_args.list()) key.add_detail("arg " + name, "");
  mounts_.add_details(key);
}

std::vector<std::string> RunRunner::architectures() const {
  std::vector<std::string> names = {op_.platform.architecture};
  // A base for another platform than its stage: what is copied into it may be for that one.
  const auto& stage = input_.step.platform.architecture;
  using Way = sandbox::Emulation::Way;
  if (!stage.empty() && stage != names[0] && sandbox::find_emulation(stage).way != Way::none)
    names.push_back(stage);
  return names;
}

sandbox::SandboxSpec RunRunner::make_spec(const layers::LayerChain& chain) const {
  const auto& request = input_.scope.request;
  const LayeredTree image(input_.scope.services.store.layers(), chain, "the image", input_.stop);
  const auto user = UserLookup(image).find_step_user(op_.user);
  sandbox::SandboxSpec spec;
  spec.argv = op_.argv;
  spec.env = op_.env.to_strings();
  for (const auto& [name, value] : op_.proxy_env) spec.env.push_back(join_env(name, value));
  if (!has_variable(spec.env, "PATH"))
    spec.env.push_back("PATH=" + std::string(image::kDefaultPath));
  if (!has_variable(spec.env, "HOME")) spec.env.push_back("HOME=" + user.home);
  spec.working_dir = op_.working_dir;
  spec.uid = user.uid;
  spec.gid = user.gid;
  spec.additional_gids = user.additional_gids;
  spec.network = network_mode(op_.network);
  spec.insecure = op_.insecure;
  spec.hostname = op_.hostname;
  spec.resolv_conf =
      sandbox::with_dns_settings(sandbox::make_resolv_conf(spec.network), request.dns);
  spec.hosts = sandbox::make_hosts(op_.hostname, extra_hosts(request.add_hosts, spec.network));
  spec.shm_size_bytes = request.shm_size_bytes;
  spec.rlimits = request.ulimits;
  spec.architectures = architectures();
  spec.resources = request.resources;
  spec.no_new_privileges = request.security.no_new_privileges;
  spec.labels = request.security.labels;
  spec.timeout = request.step_timeout;
  return spec;
}

void RunRunner::add_secrets(sandbox::SandboxSpec& spec) const {
  spec.secret_env = mounts_.secrets().env();
  for (const auto& secret : spec.secret_env) {
    const std::string start = secret.substr(0, secret.find('=') + 1);
    std::erase_if(spec.env, [&](const std::string& entry) { return entry.starts_with(start); });
  }
}

RunDevices RunRunner::open_devices() const {
  const auto& request = input_.scope.request;
  return located(
      input_.step.range,
      [&] {
        RunDevices devices(request.devices, request.cdi_directories);
        devices.add_requested(op_.devices, request,
                              [&](const std::string& message) { input_.warn(message); });
        return devices;
      },
      "run-failed");
}

base::SpecialOwners RunRunner::run_process(const sandbox::SandboxSpec& spec) {
  LogObserver observer(input_.scope.services.events, input_.vertex, mounts_.secrets().all());
  const auto fail = [&](const std::string& why) {
    observer.finish();
    return parser::DockerfileError("run-failed", input_.step.range,
                                   "process " + parser::go_quote(base::join(op_.argv, " ")) +
                                       " did not complete successfully: " + why);
  };
  base::ExitStatus status;
  try {
    status = input_.scope.services.sandbox->run(spec, observer, input_.stop);
  } catch (const sandbox::TimeoutError& error) {
    throw fail(error.what());
  }
  if (!status.success()) throw fail(how_it_ended(status, observer));
  observer.finish();
  return observer.take_owners();
}

std::optional<layers::Layer> RunRunner::run() {
  const auto& services = input_.scope.services;
  if (services.snapshots == nullptr || services.sandbox == nullptr) {
    throw parser::DockerfileError(kRunImpossible, input_.step.range,
                                  "RUN is not possible here: " + services.no_run_reason);
  }
  const auto chain = input_.parent();
  input_.scope.fetch.ensure_trees(chain, input_.stop);
  sandbox::SandboxSpec spec = located(
      input_.step.range, [&] { return make_spec(chain); }, "run-failed");
  const auto tree = services.snapshots->open(chain, input_.stop);
  if (input_.scope.clock.is_fixed()) tree->set_latest_time(input_.scope.clock.now());
  spec.root_fd = tree->root().get();
  spec.root_is_detached_mount = tree->is_detached_mount();
  spec.special_owners = tree->special_owners();
  spec.mounts = mounts_.open();
  const auto& owners = mounts_.special_owners();
  spec.special_owners.insert(spec.special_owners.end(), owners.begin(), owners.end());
  const RunDevices devices = open_devices();
  devices.add_to(spec);
  add_secrets(spec);
  tree->set_special_owners(run_process(spec));
  SecretSearch search(mounts_.secrets().all(), input_.step.range);
  if (search.has_values() && !input_.scope.request.allowed.secrets_in_layers)
    tree->set_check(search);
  if (auto blob = input_.scope.ahead.beside(input_.step.id)) {
    // What may hold a secret leaves this machine only when it has been searched.
    if (search.has_values()) blob->watcher.reset();
    tree->set_blob(*blob);
  }
  return tree->commit([&](const std::string& message) { input_.warn(message); }, input_.stop);
}

}  // namespace ibuild::builder
