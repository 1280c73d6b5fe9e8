#include "cli/commands/login_command.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/format_flag.h"
#include "cli/option_parser.h"
#include "cli/options_registry.h"
#include "cli/password_prompt.h"
#include "cli/signals.h"
#include "cli/standard_input.h"
#include "registry/credentials.h"
#include "registry/registry_client.h"

namespace ibuild::cli {

namespace {

/// Tells whom the registry refused.
void check_login(const registry::RegistryOptions& options, const std::string& host,
                 const registry::Credential& credential, std::stop_token stop) {
  try {
    registry::make_registry_client(options)->check_login(host, credential.username,
                                                         credential.password, std::move(stop));
  } catch (registry::RegistryError& error) {
    if (error.status() != 401 && error.status() != 403) throw;
    error.add_context(base::printable(host) + " does not let " +
                      base::printable(credential.username) + " in with this password");
    error.set_hint(
        "check the name, the password and the registry; many registries want an access token in "
        "place of the password");
    throw;
  }
}

}  // namespace

int run_login(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild login", "Checks and stores the credentials for a registry");
  std::string host = "docker.io";
  std::string username;
  bool password_stdin = false;
  FormatFlag format;
  RegistryFlags flags;
  parser.optional_operand("REGISTRY", host, "Host of the registry (default: Docker Hub)");
  parser.value("-u,--username", "NAME", username, "User name (default: asked for)");
  parser.flag("--password-stdin", password_stdin, "Take the password from standard input");
  format.add_to(parser);
  flags.add_to(parser);
  parser.refuse("-p,--password", OptionParser::Takes::value,
                "everybody on this machine could read it; use --password-stdin");
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  if (password_stdin && username.empty())
    throw base::UsageError("--password-stdin needs --username");
  const bool as_json = format.json();
  const auto options = flags.resolve(RegistryFlags::AuthFile::may_be_missing);

  const SignalWatcher signals;
  const auto in = standard_input(context, signals.token());
  if (username.empty()) username = prompt_line(*in, context.err, "Username");
  const auto password = password_stdin ? read_password(*in) : prompt_password(*in, context.err);
  registry::Credential credential;
  credential.username = username;
  credential.password = password;
  check_login(options, host, credential, signals.token());
  const auto place = registry::CredentialStore(options).store(host, credential);
  if (as_json) {
    context.out << json_line({{"Registry", host}, {"Username", username}, {"File", place}});
    return kSuccess;
  }
  context.out << "Login succeeded; the credentials are in " << base::printable(place) << "\n";
  return kSuccess;
}

}  // namespace ibuild::cli
