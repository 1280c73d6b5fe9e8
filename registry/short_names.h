#pragma once

#include <map>
#include <string>
#include <vector>

#include "image/reference.h"
#include "registry/registries_conf.h"
#include "registry/registry_client.h"

namespace ibuild::registry {

/// Which images a name without a host may mean by registries.conf: what an alias says, or one in a
/// registry that is searched. Nobody is asked. See: containers-registries.conf(5), "Short-Name
/// Aliasing"; docs/design/registries.md for what is otherwise than with podman.
class ShortNames {
 public:
  /// Where an image may be, in order.
  struct Candidates {
    std::vector<image::Reference> names;
    std::string reason;  // "alias in FILE", "unqualified-search-registries in FILE"
    bool is_alias = false;
  };

  /// Aliases that podman has `recorded` go before those of `conf`.
  /// Throws: base::UsageError naming file and line.
  explicit ShortNames(const RegistriesConf& conf, const RegistriesConf& recorded = {});
  /// Reads the files.
  static ShortNames load(const RegistryOptions& options);

  /// Who may be asked for `name`, with its tag and digest. Requires: image::is_short_name(name).
  /// Throws: base::UsageError where nothing is said about the name, or where several registries are
  /// and the mode is `enforcing`; it says what to do.
  Candidates candidates(const image::Reference& name) const;
  /// The same without any demand: perhaps nobody.
  Candidates known(const image::Reference& name) const;

 private:
  /// Nobody is ever prompted: `permissive` is as `disabled`.
  enum class Mode { enforcing, permissive, disabled };
  struct Alias {
    image::Reference target;  // without tag and digest
    std::string file;
  };

  void add_aliases(const RegistriesConf& conf);
  [[noreturn]] void throw_nothing_known(const image::Reference& name) const;
  [[noreturn]] void throw_ambiguous(const image::Reference& name, const Candidates& found) const;

  std::map<std::string, Alias> aliases_;
  std::vector<std::string> search_;  // host[:port]
  std::string search_file_;
  Mode mode_ = Mode::permissive;
  std::vector<std::string> files_;  // that were read
  std::string main_file_;
};

}  // namespace ibuild::registry
