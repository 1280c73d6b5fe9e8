#include "cli/commands/logout_command.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/format_flag.h"
#include "cli/option_parser.h"
#include "cli/options_registry.h"
#include "registry/credentials.h"

namespace ibuild::cli {

int run_logout(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild logout", "Forgets the credentials for a registry");
  std::string host = "docker.io";
  FormatFlag format;
  RegistryFlags flags;
  parser.optional_operand("REGISTRY", host, "Host of the registry (default: Docker Hub)");
  parser.value("--authfile", "FILE", flags.auth_file, "The file that they are in");
  format.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  const bool as_json = format.json();
  const bool erased =
      registry::CredentialStore(flags.resolve(RegistryFlags::AuthFile::may_be_missing)).erase(host);
  if (as_json) {
    context.out << json_line({{"Registry", host}, {"Removed", erased}});
    return kSuccess;
  }
  if (!erased) {
    context.err << "no credentials were stored for " << base::printable(host) << "\n";
    return kSuccess;
  }
  context.out << "Removed the credentials for " << base::printable(host) << "\n";
  return kSuccess;
}

}  // namespace ibuild::cli
