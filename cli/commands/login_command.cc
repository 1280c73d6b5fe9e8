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
  registry::make_registry_client(options)->check_login(host, username, password, signals.token());
  registry::Credential credential;
  credential.username = username;
  credential.password = password;
  const auto place = registry::CredentialStore(options).store(host, credential);
  if (as_json) {
    context.out << json_line({{"Registry", host}, {"Username", username}, {"File", place}});
    return kSuccess;
  }
  context.out << "Login succeeded; the credentials are in " << base::printable(place) << "\n";
  return kSuccess;
}

}  // namespace ibuild::cli
