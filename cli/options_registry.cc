#include "cli/options_registry.h"

namespace ibuild::cli {

void RegistryFlags::add_to(OptionParser& parser) {
  parser.value("--ca-file", "FILE", ca_file,
               "Trust the certificate authorities in this PEM file as well");
  parser.flag("--tls-verify", tls_verify,
              "Check certificates of registries (--tls-verify=false: do not)");
  parser.value("--registries-conf", "FILE", registries_conf,
               "Mirrors and the like, see registries.conf(5)");
  parser.value("--authfile", "FILE", auth_file,
               "Credentials, in place of those in REGISTRY_AUTH_FILE");
}

registry::RegistryOptions RegistryFlags::resolve() const {
  auto options = registry::registry_options_from_environment();
  if (!ca_file.empty()) options.ca_file = ca_file;
  options.tls_verify = options.tls_verify && tls_verify;
  options.offline = offline;
  options.insecure_domains = insecure_domains;
  if (!auth_file.empty()) options.explicit_auth_file = auth_file;
  if (!registries_conf.empty()) {
    options.registries_conf = registries_conf;
    options.registries_conf_dirs.clear();
  }
  return options;
}

}  // namespace ibuild::cli
