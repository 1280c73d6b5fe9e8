#include "cli/commands/rm_command.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/remote/remote_documents.h"
#include "cli/exit_code.h"
#include "cli/format_flag.h"
#include "cli/option_parser.h"
#include "cli/options_registry.h"
#include "cli/signals.h"
#include "cli/single_task.h"
#include "image/reference.h"

namespace ibuild::cli {

namespace {

using registry::DeleteOutcome;

image::Reference parse_victim(const std::string& text) {
  auto reference = image::parse_reference(text);
  if (!reference.has_tag_or_digest()) {
    throw base::UsageError("what is to be removed is named with its tag or digest: " +
                           base::printable(text));
  }
  return reference;
}

base::Error not_there(const image::Reference& reference) {
  return base::Error("the registry has no image " + reference.familiar());
}

void remove_tag(registry::RegistryClient& client, const image::Reference& reference,
                std::stop_token stop) {
  switch (client.delete_manifest(reference, std::move(stop))) {
    case DeleteOutcome::deleted:
      return;
    case DeleteOutcome::not_there:
      throw not_there(reference);
    case DeleteOutcome::not_served:
      break;
  }
  base::Error error("the registry cannot remove a tag alone: " + reference.familiar());
  error.set_hint("--force removes the manifest, and with it all tags that it has");
  throw error;
}

/// Gives the digest of what was removed.
base::Digest remove_manifest(registry::RegistryClient& client, const image::Reference& reference,
                             std::stop_token stop) {
  const auto found = client.resolve_for_push(reference, stop);
  if (!found) throw not_there(reference);
  switch (client.delete_manifest(remote::by_digest(reference, found->digest), std::move(stop))) {
    case DeleteOutcome::deleted:
      return found->digest;
    case DeleteOutcome::not_there:
      throw not_there(reference);
    case DeleteOutcome::not_served:
      break;
  }
  throw base::Error("the registry does not allow anybody to remove manifests: " +
                    reference.familiar());
}

}  // namespace

int run_rm(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild rm", "Removes images from a registry");
  std::vector<std::string> names;
  bool force = false;
  FormatFlag format;
  RegistryFlags flags;
  parser.operands("NAME", 1, names, "Name with :TAG or @DIGEST; several may be given");
  parser.flag("-f,--force", force, "Remove the manifest, and with it all tags that it has");
  format.add_to(parser);
  flags.add_to(parser);
  parser.footer("`ibuild rmi` removes images from the store.");
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  std::vector<image::Reference> victims;
  for (const auto& name : names) {
    victims.push_back(parse_victim(name));
    if (!victims.back().digest || force) continue;
    throw base::UsageError("a manifest goes with all tags that it has; say so with --force: " +
                           base::printable(name));
  }
  const bool as_json = format.json();

  const SignalWatcher signals;
  const auto client =
      registry::make_registry_client(flags.resolve(), warnings_printed_to(context.err));
  for (const auto& victim : victims) {
    if (force) {
      const auto digest = remove_manifest(*client, victim, signals.token());
      const auto name = victim.name() + "@" + digest.str();
      context.out << (as_json ? json_line({{"Deleted", name}}) : "Deleted: " + name + "\n");
    } else {
      remove_tag(*client, victim, signals.token());
      const auto name = victim.str();
      context.out << (as_json ? json_line({{"Untagged", name}}) : "Untagged: " + name + "\n");
    }
  }
  return kSuccess;
}

}  // namespace ibuild::cli
