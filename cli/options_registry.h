#pragma once

#include <functional>
#include <set>
#include <string>

#include "cli/option_parser.h"
#include "registry/registry_client.h"

namespace ibuild::cli {

/// How registries are reached.
struct RegistryFlags {
  std::string ca_file;
  std::string cert_dir;
  bool tls_verify = true;
  std::string registries_conf;
  std::string auth_file;
  std::string retries;
  std::string retry_delay;
  std::string connections;
  bool offline = false;                           // an option of `ibuild build` alone
  std::set<std::string> insecure_domains;         // what its outputs and caches say
  std::function<void(const std::string&)> trace;  // told of each request, from any thread

  void add_to(OptionParser& parser);
  bool any_given() const {
    return !ca_file.empty() || !tls_verify || !registries_conf.empty() || !auth_file.empty() ||
           !retries.empty() || !connections.empty() || !cert_dir.empty() || !retry_delay.empty();
  }
  enum class AuthFile { is_there, may_be_missing };
  /// The environment's options with the flags on top. Throws: base::UsageError, also for files that
  /// are named and missing.
  registry::RegistryOptions resolve(AuthFile auth = AuthFile::is_there) const;
};

}  // namespace ibuild::cli
