#include "cli/commands/ls_command.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/option_parser.h"
#include "cli/options_registry.h"
#include "cli/signals.h"
#include "cli/single_task.h"
#include "image/reference.h"

namespace ibuild::cli {

int run_ls(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild ls", "Lists the tags of a repository in a registry");
  std::string name;
  std::string format = "text";
  RegistryFlags flags;
  parser.operand("REPOSITORY", name, "Name of the repository, without a tag");
  parser.value("--format", "KIND", format, "text: a tag a line; json: one object");
  flags.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  if (format != "text" && format != "json") {
    throw base::UsageError("--format " + base::printable(format) + ": text and json are known");
  }
  const auto repository = image::parse_reference(name);
  if (repository.has_tag_or_digest()) {
    throw base::UsageError("a repository is named without tag and digest: " +
                           base::printable(name));
  }

  const SignalWatcher signals;
  const auto client =
      registry::make_registry_client(flags.resolve(), warnings_printed_to(context.err));
  const std::vector<std::string> tags = client->list_tags(repository, signals.token());
  if (format == "json") {
    const nlohmann::ordered_json json = {{"Name", repository.familiar()}, {"Tags", tags}};
    context.out << json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                << "\n";
    return kSuccess;
  }
  for (const auto& tag : tags) context.out << base::printable(tag) << "\n";
  return kSuccess;
}

}  // namespace ibuild::cli
