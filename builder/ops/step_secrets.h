#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "builder/plan/op.h"
#include "builder/secret_lookup.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::builder {

/// The secrets that one RUN sees, held while it runs. Their values stay in memory: they go to the
/// step as a file that is never on a disk, or as a variable of its environment.
class StepSecrets {
 public:
  struct Secret {
    std::string id;
    std::string value;
  };

  explicit StepSecrets(const SecretLookup& lookup) : lookup_(lookup) {}

  enum class Presence { given, missing };
  /// Looks up what a --mount=type=secret asks for. The variable of a missing one is empty. Throws:
  /// base::Error.
  Presence open(const RunMount& mount);
  /// The files of those that were given, and their variables ("K=V").
  const std::vector<sandbox::MountSpec>& mounts() const { return mounts_; }
  const std::vector<std::string>& env() const { return env_; }
  /// All that were given, by id once.
  const std::vector<Secret>& all() const { return secrets_; }

 private:
  void add_file(const RunMount& mount, const std::string& value);
  void add_variable(const std::string& name, const std::string& value);

  const SecretLookup& lookup_;
  std::vector<Secret> secrets_;
  std::vector<sandbox::MountSpec> mounts_;
  std::vector<std::string> env_;
  std::vector<base::UniqueFd> files_;
};

}  // namespace ibuild::builder
