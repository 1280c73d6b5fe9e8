#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/synchronized.h"
#include "image/reference.h"
#include "registry/endpoint.h"
#include "registry/hosts_file.h"
#include "registry/registries_conf.h"
#include "registry/registry_client.h"
#include "registry/warning_log.h"

namespace ibuild::registry {

/// Who is asked about an image. An entry of registries.conf that fits its name decides alone; else
/// the hosts.toml for its registry; else it is the registry that the name tells. Files are read
/// when they are needed, once. Thread: any. See: docs/design/registries.md.
/// All throw: base::UsageError for a file that cannot be understood, and where nobody may be asked.
class Routes {
 public:
  /// Both outlive this.
  Routes(const RegistryOptions& options, WarningLog& warnings)
      : options_(options), warnings_(warnings) {}

  /// In turn: mirrors, then the registry. Requires: not for pushing.
  std::vector<Endpoint> to_ask(const image::Reference& reference, Purpose purpose);
  Endpoint to_push(const image::Reference& reference);
  /// The last of to_ask, for lists (tags, referrers): a mirror has them incomplete.
  Endpoint to_list(const image::Reference& reference, Purpose purpose);
  /// Whom the registry's name means, whatever it may be asked for; of it the path does not matter.
  Endpoint to_log_in(const image::Reference& reference);

 private:
  const RegistriesConf& conf();
  /// nullptr: none counts for this name.
  const HostsFile* hosts_for(const image::Reference& reference);
  Endpoint secured(Endpoint endpoint) const;

  const RegistryOptions& options_;
  WarningLog& warnings_;
  base::Synchronized<std::unique_ptr<const RegistriesConf>> conf_;
  base::Synchronized<std::map<std::string, std::optional<HostsFile>>> hosts_;  // by domain
};

}  // namespace ibuild::registry
