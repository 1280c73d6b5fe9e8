#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/secret_lookup.h"
#include "builder/ssh_agent_lookup.h"
#include "cli/option_parser.h"

namespace ibuild::cli {

/// --secret and --ssh as they were written.
struct SecretOptions {
  std::vector<std::string> secrets;
  std::vector<std::string> agents;

  void add_to(OptionParser& parser);
};

/// The secrets by their ids. Files are read when a step or a source asks for them, once. Of equal
/// ids the last one counts. Throws: UsageError naming the option and the id, for files that are not
/// there as well.
builder::SecretLookup make_secret_lookup(const std::vector<std::string>& secrets);

/// Of what make_secret_lookup() takes. Throws: UsageError.
std::vector<std::string> ids_of_secrets(const std::vector<std::string>& secrets);

/// The agents by their ids. Keys get an agent of their own (the program ssh-agent) when they are
/// asked for; it ends with the last copy of the lookup. Throws: UsageError.
builder::SshAgentLookup make_ssh_agent_lookup(const std::vector<std::string>& agents);

/// Lets neither this process nor what it starts write core dumps: they would hold the secrets.
/// (A step may be given another limit with --ulimit core=…)
void forbid_core_dumps();

/// A secret's value as BuildKit bounds it.
inline constexpr std::size_t kMaxSecretBytes = 500 << 10;

}  // namespace ibuild::cli
