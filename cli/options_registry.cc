#include "cli/options_registry.h"

#include <chrono>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "cli/option_paths.h"
#include "sandbox/user_namespace.h"

namespace ibuild::cli {

namespace {

constexpr int kMaxRetries = 100;
constexpr int kMaxConnections = 64;
constexpr std::chrono::hours kMaxDelay{1};

int parse_count(const std::string& option, const std::string& text, int least, int most) {
  const auto number = base::parse_u64(text);
  if (number && *number >= static_cast<std::uint64_t>(least) &&
      *number <= static_cast<std::uint64_t>(most)) {
    return static_cast<int>(*number);
  }
  throw base::UsageError(option + " " + base::printable(text) + ": it must be a number from " +
                         std::to_string(least) + " to " + std::to_string(most));
}

std::chrono::milliseconds parse_delay(const std::string& option, const std::string& text) {
  const auto time = base::parse_go_duration(text);
  if (time && *time >= std::chrono::nanoseconds(0) && *time <= kMaxDelay)
    return std::chrono::duration_cast<std::chrono::milliseconds>(*time);
  base::UsageError error(option + " " + base::printable(text) + " is no time up to an hour");
  error.set_hint("write it as 500ms, 2s or 1m");
  throw error;
}

}  // namespace

void RegistryFlags::add_to(OptionParser& parser) {
  parser.value("--ca-file", "FILE", ca_file,
               "Trust the certificate authorities in this PEM file as well");
  parser.value(
      "--cert-dir", "DIR", cert_dir,
      "Folder of *.crt, *.cert and *.key for all registries, in place of those in certs.d");
  parser.flag("--tls-verify", tls_verify,
              "Check certificates of registries (--tls-verify=false: do not)");
  parser.value("--registries-conf", "FILE", registries_conf,
               "Mirrors and the like, see registries.conf(5)");
  parser.value("--authfile", "FILE", auth_file,
               "Credentials, in place of those in REGISTRY_AUTH_FILE");
  parser.value("--retry", "N", retries, "Tries again what fails in passing, so often (default: 4)");
  parser.value("--retry-delay", "TIME", retry_delay,
               "Waits so long before each of them (2s; default: longer each time)");
  parser.value("--connections", "N", connections,
               "At most so many connections to one registry (default: 6)");
  parser.refuse("--creds", OptionParser::Takes::value,
                "every user of this machine could read it; `ibuild login --password-stdin` stores "
                "credentials, DOCKER_AUTH_CONFIG holds them");
}

registry::RegistryOptions RegistryFlags::resolve(AuthFile auth) const {
  auto options = registry::registry_options_from_environment(sandbox::real_uid());
  if (!ca_file.empty()) options.ca_file = certificate_file("--ca-file", ca_file);
  if (!cert_dir.empty()) options.cert_dir = existing_directory("--cert-dir", cert_dir);
  options.tls_verify = options.tls_verify && tls_verify;
  options.offline = offline;
  options.insecure_domains = insecure_domains;
  options.trace = trace;
  if (!auth_file.empty()) {
    options.explicit_auth_file =
        auth == AuthFile::is_there ? readable_file("--authfile", auth_file) : auth_file;
  }
  if (!registries_conf.empty()) {
    options.registries_conf = readable_file("--registries-conf", registries_conf);
    options.registries_conf_dirs.clear();
    options.recorded_aliases.clear();
  }
  if (!retries.empty()) options.max_attempts = 1 + parse_count("--retry", retries, 0, kMaxRetries);
  if (!retry_delay.empty()) options.retry_delay = parse_delay("--retry-delay", retry_delay);
  if (!connections.empty()) {
    options.max_connections_per_host =
        parse_count("--connections", connections, 1, kMaxConnections);
  }
  return options;
}

}  // namespace ibuild::cli
