#include "builder/ops/run_mounts.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "builder/cache/mount_packs.h"
#include "builder/ops/copy_layout.h"
#include "builder/ops/told_files.h"
#include "builder/plan/located.h"
#include "builder/tree/layered_tree.h"

namespace ibuild::builder {
namespace {

using parser::MountType;

constexpr std::array<const char*, 5> kTypeNames = {"bind", "cache", "tmpfs", "secret", "ssh"};
constexpr std::uint32_t kAgentMode = 0600;
constexpr std::uint32_t kModeMask = 0777;
constexpr std::string_view kScriptTarget = "dev/pipes";
/// Where the files of a context mount lie in the layer that is made for it.
constexpr std::string_view kContextName = "context";

const char* type_name(MountType type) { return kTypeNames.at(static_cast<std::size_t>(type)); }

bool is_from_context(const RunMount& mount) {
  return std::holds_alternative<ContextRef>(mount.from);
}

std::string describe_options(const RunMount& mount) {
  std::string text = type_name(mount.type);
  text += " " + mount.target + (mount.read_only ? " ro" : " rw");
  if (mount.mode) text += " mode=" + std::to_string(*mount.mode);
  if (mount.uid) text += " uid=" + std::to_string(*mount.uid);
  if (mount.gid) text += " gid=" + std::to_string(*mount.gid);
  if (mount.size_bytes > 0) text += " size=" + std::to_string(mount.size_bytes);
  if (mount.type == MountType::secret || mount.type == MountType::ssh) text += " id=" + mount.id;
  if (mount.env) text += " env=" + *mount.env;
  if (mount.required) text += " required";
  return text;
}

}  // namespace

bool RunMounts::reads_stages() const {
  return std::any_of(op_.mounts.begin(), op_.mounts.end(), [](const RunMount& mount) {
    return mount.type == MountType::bind && !is_from_context(mount);
  });
}

const SourceTree& RunMounts::tree_of(const RunMount& mount) {
  if (const auto* context = std::get_if<ContextRef>(&mount.from))
    return input_.scope.context.tree(*context, input_.stop);
  const auto& tree = std::get<TreeRef>(mount.from);
  const auto chain = input_.chain_of(tree);
  input_.scope.fetch.ensure_indexes(chain, input_.stop);
  stages_.push_back(std::make_unique<LayeredTree>(input_.scope.services.store.layers(), chain,
                                                  "stage or image \"" + tree.shown_as + "\"",
                                                  input_.stop));
  return *stages_.back();
}

const SelectedSource& RunMounts::selection_of(std::size_t index) {
  selections_.resize(op_.mounts.size());
  auto& selection = selections_[index];
  if (!selection) {
    const auto& mount = op_.mounts[index];
    selection = located(
        input_.step.range,
        [&] {
          return select_path(tree_of(mount), base::RelPath::clean(mount.source), input_.stop);
        },
        "mount-failed");
  }
  return *selection;
}

std::string RunMounts::source_ingredient(std::size_t index, Stages stages) {
  const auto& mount = op_.mounts[index];
  if (mount.type == MountType::cache) return cache_origin(index);
  if (mount.type != MountType::bind) return "";
  if (!is_from_context(mount) && stages == Stages::by_chain) {
    return " " + mount.source + " of " +
           input_.result_of_tree(std::get<TreeRef>(mount.from)).chain_id.str();
  }
  const auto& selection = selection_of(index);
  return " " + fingerprint(selection.root) + " " + selection_digest(std::span(&selection, 1)).str();
}

/// Which part of what a cache shows; empty: all of one that began empty.
std::string RunMounts::cache_origin(std::size_t index) {
  const auto& mount = op_.mounts[index];
  std::string part = mount.source == "/" ? "" : " " + mount.source;
  if (!mount.has_base) return part;
  if (is_from_context(mount)) {
    return part + " of " + selection_digest(std::span(&selection_of(index), 1)).str();
  }
  return part + " of " + input_.result_of_tree(std::get<TreeRef>(mount.from)).chain_id.str();
}

void RunMounts::add_to(StepKey& key, Stages stages) {
  for (std::size_t i = 0; i < op_.mounts.size(); ++i) {
    const auto& mount = op_.mounts[i];
    const std::string name = mount.target.empty() ? mount.id : mount.target;
    key.add("mount " + name, describe_options(mount) + source_ingredient(i, stages));
  }
}

void RunMounts::add_details(StepKey& key) {
  std::vector<const SelectedSource*> sources;
  for (std::size_t i = 0; i < op_.mounts.size(); ++i) {
    if (op_.mounts[i].type == MountType::bind) sources.push_back(&selection_of(i));
  }
  key.set_files(
      [sources = std::move(sources)](const TakeFile& take) { tell_files(sources, take); });
}

/// What is not given and not required is simply not there.
void RunMounts::check_absence(const RunMount& mount) const {
  if (!mount.required) return;
  const std::string type = type_name(mount.type);
  parser::DockerfileError error("missing-secret", input_.step.range,
                                type + " " + base::printable(mount.id) + ": not found");
  if (mount.type == MountType::secret) {
    const auto nearest = base::nearest_word(mount.id, input_.scope.request.secret_ids);
    error.set_hint((nearest ? "did you mean " + *nearest + "? Or " : "") +
                   "give it with --secret id=" + mount.id + ",src=FILE or ,env=VARIABLE");
  } else {
    error.set_hint("give it with --ssh " + mount.id);
  }
  throw error;
}

void RunMounts::open_secret(const RunMount& mount) {
  if (secrets_.open(mount) == StepSecrets::Presence::missing) check_absence(mount);
}

void RunMounts::open_agent(const RunMount& mount, std::vector<sandbox::MountSpec>& specs) {
  const auto& lookup = input_.scope.request.ssh_agents;
  const auto agent = lookup ? lookup(mount.id) : std::nullopt;
  if (!agent) return check_absence(mount);
  const SshAgentProxy::Owner owner{mount.mode.value_or(kAgentMode) & kModeMask,
                                   static_cast<std::uint32_t>(mount.uid.value_or(0)),
                                   static_cast<std::uint32_t>(mount.gid.value_or(0))};
  agents_.push_back(
      std::make_unique<SshAgentProxy>(*agent, owner, input_.scope.services.store.temp()));
  sandbox::MountSpec spec;
  spec.target = base::RelPath::clean(mount.target);
  spec.source_fd = agents_.back()->socket();
  add_special_owner(spec.source_fd, owner);
  spec.source_is_directory = false;
  spec.source_is_ours = true;
  specs.push_back(std::move(spec));
}

void RunMounts::add_special_owner(int fd, const SshAgentProxy::Owner& owner) {
  if (!base::must_record_owners()) return;
  special_owners_.push_back({base::identity_of(fd), {.uid = owner.uid, .gid = owner.gid}});
}

std::vector<sandbox::MountSpec> RunMounts::open() {
  std::vector<sandbox::MountSpec> specs;
  for (std::size_t i = 0; i < op_.mounts.size(); ++i) {
    const auto& mount = op_.mounts[i];
    if (mount.type == MountType::secret) {
      open_secret(mount);
    } else if (mount.type == MountType::ssh) {
      open_agent(mount, specs);
    } else {
      specs.push_back(open_one(i));
    }
  }
  specs.insert(specs.end(), secrets_.mounts().begin(), secrets_.mounts().end());
  if (op_.script) specs.push_back(open_script());
  return specs;
}

sandbox::MountSpec RunMounts::bind_fd(base::UniqueFd fd, const RunMount& mount) {
  sandbox::MountSpec spec;
  spec.target = base::RelPath::clean(mount.target);
  spec.read_only = mount.read_only;
  spec.source_is_ours = true;
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw base::SystemError("fstat", mount.source);
  spec.source_is_directory = S_ISDIR(status.st_mode);
  spec.source_fd = fd.get();
  fds_.push_back(std::move(fd));
  return spec;
}

sandbox::MountSpec RunMounts::open_one(std::size_t index) {
  const auto& mount = op_.mounts[index];
  if (mount.type == MountType::bind) return open_bind(index);
  if (mount.type == MountType::cache) return open_cache(index);
  sandbox::MountSpec spec;
  spec.kind = sandbox::MountSpec::Kind::tmpfs;
  spec.target = base::RelPath::clean(mount.target);
  spec.read_only = mount.read_only;
  spec.size_bytes = mount.size_bytes;
  spec.mode = tmpfs_mode(spec.target);
  return spec;
}

/// As the OCI runtimes do it: the mode of the directory that is covered. Where there is none,
/// anybody may write.
std::uint32_t RunMounts::tmpfs_mode(const base::RelPath& target) const {
  constexpr std::uint32_t kForAll = 01777;
  const auto chain = input_.parent();
  input_.scope.fetch.ensure_indexes(chain, input_.stop);
  const LayeredTree root(input_.scope.services.store.layers(), chain, "the step's root",
                         input_.stop);
  const auto covered = resolve(root, target, /*follow_last=*/true);
  return covered && covered->is_directory() ? covered->entry.mode : kForAll;
}

sandbox::MountSpec RunMounts::open_cache(std::size_t index) {
  RunMount mount = op_.mounts[index];
  const bool may_share = input_.scope.services.sandbox->shares_directories();
  if (!may_share && mount.sharing == parser::CacheSharing::shared)
    mount.sharing = parser::CacheSharing::locked;
  CacheMount::Beginning beginning;
  auto& base = beginning.base;
  if (mount.has_base) {
    base.emplace(CacheMount::Base{selection_of(index), cache_origin(index)});
    if (!base->content.root.is_directory()) {
      throw parser::DockerfileError("unsupported-mount", input_.step.range,
                                    "a cache mount cannot begin as a file: " + mount.source);
    }
  }
  beginning.restore = [this](const std::string& name) { return restored_cache(name); };
  beginning.begins_anew = [&](const std::string& name) { return begins_anew(mount, name); };
  caches_.push_back(CacheMount::open(input_.scope.services.store, mount, beginning, input_.stop));
  // A base brings the part that is wanted and no more.
  const auto part = base ? base::RelPath() : base::RelPath::clean(mount.source);
  auto fd = base::try_open_at(caches_.back().dir(), part, O_PATH, base::Links::follow_in_root);
  if (!fd) {
    throw parser::DockerfileError(
        "mount-failed", input_.step.range,
        "\"" + base::printable(mount.source) + "\": not found in the cache of the mount");
  }
  return bind_fd(*std::move(fd), mount);
}

/// A directory with an owner or a mode is the result of making it, which a build without cache does
/// again, once; as in BuildKit.
bool RunMounts::begins_anew(const RunMount& mount, const std::string& name) const {
  const bool is_made = !mount.has_base && base::RelPath::clean(mount.source).is_root() &&
                       (mount.uid || mount.gid || mount.mode);
  return is_made && input_.step.ignore_cache &&
         input_.scope.caches_begun.lock()->insert(name).second;
}

/// What a cache of --cache-from has of the mount. Its bytes come now.
std::optional<SelectedSource> RunMounts::restored_cache(const std::string& name) {
  const auto hit = input_.scope.imported.find_mount(name, input_.stop);
  if (!hit) return std::nullopt;
  const auto chain = builder::chain_of(*hit);
  input_.scope.fetch.ensure_indexes(chain, input_.stop);
  stages_.push_back(std::make_unique<LayeredTree>(input_.scope.services.store.layers(), chain,
                                                  "cache mount of " + hit->from, input_.stop));
  const std::string id(CacheMount::id_of(name));
  input_.scope.services.events.emit(
      event::StepLog{input_.vertex, true,
                     "cache mount " + base::printable(id) + " restored from " + hit->from + "\n"});
  return select_path(*stages_.back(), {}, input_.stop);
}

layers::Layer RunMounts::context_layer(std::size_t index) {
  const auto& selection = selection_of(index);
  const auto place = base::RelPath::exact(kContextName);
  const layers::TreeView nothing({});
  DestinationTree tree(nothing, {});
  if (selection.root.is_directory()) tree.put_directory(place, selection.root);
  place_source(selection, {place, false}, tree);
  const auto builder = input_.scope.services.store.layers().begin_layer();
  tree.write(
      *builder, {}, [&](const std::string& message) { input_.warn(message); }, input_.stop);
  return builder->commit();
}

sandbox::MountSpec RunMounts::open_bind(std::size_t index) {
  const auto& mount = op_.mounts[index];
  layers::LayerChain chain;
  base::RelPath path;
  if (is_from_context(mount)) {
    // A copy of what the ignore file leaves: the step sees neither more nor what changes meanwhile.
    chain = {context_layer(index)};
    path = base::RelPath::exact(kContextName);
  } else {
    chain = input_.chain_of(std::get<TreeRef>(mount.from));
    path = selection_of(index).root.path();
  }
  input_.scope.fetch.ensure_trees(chain, input_.stop);
  trees_.push_back(input_.scope.services.snapshots->open(chain, input_.stop));
  const auto& tree = *trees_.back();
  const auto owners = tree.special_owners();
  special_owners_.insert(special_owners_.end(), owners.begin(), owners.end());
  sandbox::MountSpec spec = bind_fd(base::open_at(tree.root(), path, O_PATH), mount);
  if (!tree.is_detached_mount()) return spec;
  if (path.is_root()) {
    spec.source_fd = tree.root().get();
    spec.source_is_detached_mount = true;
  } else {
    spec.source_tree_fd = tree.root().get();
  }
  return spec;
}

sandbox::MountSpec RunMounts::open_script() {
  constexpr mode_t kForAll = 0755;  // the step may run as anybody
  script_dir_.emplace(input_.scope.services.store.temp(), "script-");
  if (::fchmod(script_dir_->dir().get(), kForAll) != 0)
    throw base::SystemError("chmod", script_dir_->dir().shown_as());
  base::write_file_atomically(script_dir_->dir(), base::RelPath::clean(op_.script->name),
                              op_.script->content, 0755);
  RunMount mount;
  mount.target = "/" + std::string(kScriptTarget);
  mount.read_only = true;
  return bind_fd(base::open_at(script_dir_->dir(), {}, O_PATH | O_DIRECTORY), mount);
}

}  // namespace ibuild::builder
