#include "cli/options_registry.h"

#include "base/error.h"
#include "base/text.h"
#include "sandbox/user_namespace.h"

namespace ibuild::cli {

namespace {

constexpr int kMaxRetries = 100;
constexpr int kMaxConnections = 64;

int parse_count(const std::string& option, const std::string& text, int least, int most) {
  const auto number = base::parse_u64(text);
  if (number && *number >= static_cast<std::uint64_t>(least) &&
      *number <= static_cast<std::uint64_t>(most)) {
    return static_cast<int>(*number);
  }
  throw base::UsageError(option + " " + base::printable(text) + ": it must be a number from " +
                         std::to_string(least) + " to " + std::to_string(most));
}

}  // namespace

void RegistryFlags::add_to(OptionParser& parser) {
  parser.value("--ca-file", "FILE", ca_file,
               "Trust the certificate authorities in this PEM file as well");
  parser.flag("--tls-verify", tls_verify,
              "Check certificates of registries (--tls-verify=false: do not)");
  parser.value("--registries-conf", "FILE", registries_conf,
               "Mirrors and the like, see registries.conf(5)");
  parser.value("--authfile", "FILE", auth_file,
               "Credentials, in place of those in REGISTRY_AUTH_FILE");
  parser.value("--retry", "N", retries, "Tries again what fails in passing, so often (default: 4)");
  parser.value("--connections", "N", connections,
               "At most so many connections to one registry (default: 6)");
  parser.refuse("--creds", OptionParser::Takes::value,
                "every user of this machine could read it; `ibuild login --password-stdin` stores "
                "credentials, DOCKER_AUTH_CONFIG holds them");
}

registry::RegistryOptions RegistryFlags::resolve() const {
  auto options = registry::registry_options_from_environment(sandbox::real_uid());
  if (!ca_file.empty()) options.ca_file = ca_file;
  options.tls_verify = options.tls_verify && tls_verify;
  options.offline = offline;
  options.insecure_domains = insecure_domains;
  options.trace = trace;
  if (!auth_file.empty()) options.explicit_auth_file = auth_file;
  if (!registries_conf.empty()) {
    options.registries_conf = registries_conf;
    options.registries_conf_dirs.clear();
    options.recorded_aliases.clear();
  }
  if (!retries.empty()) options.max_attempts = 1 + parse_count("--retry", retries, 0, kMaxRetries);
  if (!connections.empty()) {
    options.max_connections_per_host =
        parse_count("--connections", connections, 1, kMaxConnections);
  }
  return options;
}

}  // namespace ibuild::cli
