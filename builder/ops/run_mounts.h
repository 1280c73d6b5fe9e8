#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/owner_record.h"
#include "base/unique_fd.h"
#include "builder/ops/cache_mount.h"
#include "builder/ops/copy_selection.h"
#include "builder/ops/op_runner.h"
#include "builder/ops/ssh_agent_proxy.h"
#include "builder/ops/step_secrets.h"
#include "layers/working_tree.h"

namespace ibuild::builder {

/// What the --mounts of one RUN show, held open while the step runs. Nothing of it ends up in the
/// layer.
class RunMounts {
 public:
  RunMounts(const RunOp& op, const StepInput& input)
      : op_(op), input_(input), secrets_(input.scope.request.secrets) {}

  /// "mount T" ingredients. `by_content`: stages by the files that are mounted, else by their
  /// layers.
  enum class Stages { by_chain, by_content };
  void add_to(StepKey& key, Stages stages);
  void add_details(StepKey& key);
  /// Whether a stage is among the sources, so that the two keys differ.
  bool reads_stages() const;

  /// Opens all sources. Throws: parser::DockerfileError, base::Error.
  std::vector<sandbox::MountSpec> open();
  /// Those that open() found.
  const StepSecrets& secrets() const { return secrets_; }
  /// Where owners are recorded: those of sockets, links and fifos in what open() opened.
  const std::vector<base::SpecialOwner>& special_owners() const { return special_owners_; }

 private:
  const SourceTree& tree_of(const RunMount& mount);
  const SelectedSource& selection_of(std::size_t index);
  std::string source_ingredient(std::size_t index, Stages stages);
  std::string cache_origin(std::size_t index);
  void open_secret(const RunMount& mount);
  void open_agent(const RunMount& mount, std::vector<sandbox::MountSpec>& specs);
  void add_special_owner(int fd, const SshAgentProxy::Owner& owner);
  sandbox::MountSpec open_one(std::size_t index);
  std::uint32_t tmpfs_mode(const base::RelPath& target) const;
  sandbox::MountSpec bind_fd(base::UniqueFd fd, const RunMount& mount);
  sandbox::MountSpec open_bind(std::size_t index);
  sandbox::MountSpec open_cache(std::size_t index);
  std::optional<SelectedSource> restored_cache(const std::string& name);
  bool begins_anew(const RunMount& mount, const std::string& name) const;
  sandbox::MountSpec open_script();
  layers::Layer context_layer(std::size_t index);
  void check_absence(const RunMount& mount) const;

  const RunOp& op_;
  const StepInput& input_;
  StepSecrets secrets_;
  std::vector<std::unique_ptr<SourceTree>> stages_;
  std::vector<std::optional<SelectedSource>> selections_;
  std::vector<base::SpecialOwner> special_owners_;
  // Held open while the step runs:
  std::vector<base::UniqueFd> fds_;
  std::vector<std::unique_ptr<layers::WorkingTree>> trees_;
  std::vector<CacheMount> caches_;
  std::vector<std::unique_ptr<SshAgentProxy>> agents_;
  std::optional<base::TempDir> script_dir_;
};

}  // namespace ibuild::builder
