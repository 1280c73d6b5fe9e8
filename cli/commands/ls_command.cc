#include "cli/commands/ls_command.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/format_flag.h"
#include "cli/option_parser.h"
#include "cli/options_registry.h"
#include "cli/signals.h"
#include "cli/single_task.h"
#include "image/reference.h"

namespace ibuild::cli {

int run_ls(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild ls", "Lists the tags of a repository in a registry");
  std::string name;
  FormatFlag format;
  RegistryFlags flags;
  parser.operand("REPOSITORY", name, "Name of the repository, without a tag");
  format.add_to(parser);
  flags.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  const bool as_json = format.json();
  const auto repository = image::parse_reference(name);
  if (repository.has_tag_or_digest()) {
    throw base::UsageError("a repository is named without tag and digest: " +
                           base::printable(name));
  }

  const SignalWatcher signals;
  const auto client =
      registry::make_registry_client(flags.resolve(), warnings_printed_to(context.err));
  const std::vector<std::string> tags = client->list_tags(repository, signals.token());
  if (as_json) {
    context.out << json_line({{"Name", repository.familiar()}, {"Tags", tags}});
    return kSuccess;
  }
  for (const auto& tag : tags) context.out << base::printable(tag) << "\n";
  return kSuccess;
}

}  // namespace ibuild::cli
