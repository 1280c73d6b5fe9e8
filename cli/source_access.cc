#include "cli/source_access.h"

#include "builder/remote/oci_layout_source.h"

#include <unistd.h>

#include <cstdlib>

namespace ibuild::cli {

namespace {

/// The hosts that the user's ssh knows; empty when there is no such file.
std::string known_hosts_file() {
  const char* home = std::getenv("HOME");
  if (home == nullptr) return {};
  std::string file = std::string(home) + "/.ssh/known_hosts";
  return ::access(file.c_str(), R_OK) == 0 ? file : std::string();
}

/// Makes git ask nobody.
std::vector<builder::GitSetting> no_transports() {
  std::vector<builder::GitSetting> settings;
  for (const char* transport : {"http", "https", "ssh", "git"})
    settings.push_back({"protocol." + std::string(transport) + ".allow", "never"});
  return settings;
}

}  // namespace

SourceAccess::SourceAccess(const layers::Store& store, const Options& options)
    : fetcher_(options.registry.resolve()),
      files_(
          {.fetcher = fetcher_, .store = store, .secrets = options.secrets, .warn = options.warn}),
      git_(store, {.secrets = options.secrets,
                   .ssh_agents = options.ssh_agents,
                   .ssh = {.known_hosts = known_hosts_file()},
                   .lock = options.lock,
                   .settings = options.registry.offline ? no_transports()
                                                        : std::vector<builder::GitSetting>{}}) {
  if (options.lock != nullptr) locked_files_.emplace(files_, *options.lock);
}

std::unique_ptr<builder::ImageSource> SourceAccess::open_layout(
    const builder::LayoutContext& layout) {
  return std::make_unique<remote::OciLayoutSource>(remote::OciLayoutSource::Choice{
      .path = layout.path, .tag = layout.tag, .digest = layout.digest});
}

}  // namespace ibuild::cli
