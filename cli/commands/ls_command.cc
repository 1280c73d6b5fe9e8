#include "cli/commands/ls_command.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/format_flag.h"
#include "cli/option_parser.h"
#include "cli/options_registry.h"
#include "cli/short_names.h"
#include "cli/signals.h"
#include "cli/single_task.h"
#include "cli/table.h"
#include "image/reference.h"

namespace ibuild::cli {

namespace {

using Json = nlohmann::ordered_json;

enum class As { text, json };

image::Reference parse_repository(const std::string& name, const ImageNames& names) {
  auto repository = names.parse_repository(name);
  if (repository.has_tag_or_digest()) {
    throw base::UsageError("a repository is named without tag and digest: " +
                           base::printable(name));
  }
  return repository;
}

/// A line for each, or an object that has them under `key`.
std::string names_text(const std::string& owner, const char* key,
                       const std::vector<std::string>& names, As form) {
  if (form == As::json) return json_line({{"Name", owner}, {key, names}});
  std::string text;
  for (const auto& name : names) text += base::printable(name) + "\n";
  return text;
}

/// The digest that the image has now.
base::Digest resolve_digest(registry::RegistryClient& client, const image::Reference& image,
                            std::stop_token stop) {
  if (image.digest) return *image.digest;
  const auto found = client.resolve(image, std::move(stop));
  if (!found) throw base::Error("the registry has no image " + image.familiar());
  return found->digest;
}

Json referrer_json(const image::Descriptor& referrer) {
  Json json = {{"Digest", referrer.digest.str()},
               {"ArtifactType", referrer.artifact_type},
               {"MediaType", referrer.media_type},
               {"Size", referrer.size_bytes}};
  if (!referrer.annotations.empty()) json["Annotations"] = referrer.annotations;
  return json;
}

std::string referrers_text(const image::Reference& name, const base::Digest& subject,
                           const std::vector<image::Descriptor>& referrers, As form) {
  if (form == As::text) {
    Table table({"DIGEST", "ARTIFACT TYPE", "SIZE"});
    for (const auto& one : referrers) {
      table.add({one.digest.str(), base::printable(one.artifact_type),
                 base::human_bytes(one.size_bytes)});
    }
    return table.str();
  }
  Json list = Json::array();
  for (const auto& one : referrers) list.push_back(referrer_json(one));
  return json_line(
      {{"Name", name.familiar()}, {"Digest", subject.str()}, {"Referrers", std::move(list)}});
}

/// The command line.
struct LsOptions {
  std::string name;
  bool referrers = false;
  bool catalog = false;
  std::string artifact_type;
  FormatFlag format;
  RegistryFlags registry;
  ShortNameFlag short_names;

  void add_to(OptionParser& parser) {
    parser.operand("NAME", name,
                   "Name of the repository, without a tag; of an image for --referrers, of a "
                   "registry for --catalog");
    parser.flag("--referrers", referrers,
                "What refers to the image NAME: signatures, SBOMs and other artifacts");
    parser.value("--artifact-type", "TYPE", artifact_type, "Only referrers of this type");
    parser.flag("--catalog", catalog, "The repositories of the registry NAME, where it tells them");
    format.add_to(parser);
    registry.add_to(parser);
    short_names.add_to(parser);
  }
  void check() const {
    if (!referrers && !artifact_type.empty())
      throw base::UsageError("--artifact-type is used with --referrers only");
    if (referrers && catalog)
      throw base::UsageError("--referrers and --catalog cannot be given together");
    if (catalog && name.find('/') != std::string::npos)
      throw base::UsageError("--catalog takes the name of a registry: " + base::printable(name));
  }
  As form() const { return format.json() ? As::json : As::text; }
};

/// What the registry has, for names that it may not have at all.
std::optional<std::vector<std::string>> try_list_tags(registry::RegistryClient& client,
                                                      const image::Reference& repository,
                                                      const std::stop_token& stop) {
  try {
    return client.list_tags(repository, stop);
  } catch (const registry::RegistryError& error) {
    if (error.status() == 404) return std::nullopt;
    throw;
  }
}

std::string list_tags(registry::RegistryClient& client, const LsOptions& options, ImageNames& names,
                      const ImageNames::Tell& tell, const std::stop_token& stop) {
  std::optional<std::vector<std::string>> tags;
  const auto has = [&](const image::Reference& repository) {
    tags = try_list_tags(client, repository, stop);
    return tags.has_value();
  };
  const auto repository = names.find(parse_repository(options.name, names), has, tell);
  if (!tags) tags = client.list_tags(repository, stop);
  return names_text(repository.familiar(), "Tags", *tags, options.form());
}

std::string list(registry::RegistryClient& client, const LsOptions& options,
                 const ImageNames::Tell& tell, const std::stop_token& stop) {
  if (options.catalog) {
    const auto repositories = client.list_repositories(options.name, stop);
    return names_text(options.name, "Repositories", repositories, options.form());
  }
  ImageNames names(options.short_names, options.registry);
  if (!options.referrers) return list_tags(client, options, names, tell, stop);
  const auto asked = names.find(names.parse(options.name), client, tell, stop);
  auto subject = asked;
  subject.digest = resolve_digest(client, asked, stop);
  const auto found = client.list_referrers(subject, options.artifact_type, stop);
  return referrers_text(asked, *subject.digest, found, options.form());
}

}  // namespace

int run_ls(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild ls",
                      "Lists the tags of a repository in a registry, or what refers to an image");
  LsOptions options;
  options.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  options.check();
  const SignalWatcher signals;
  const auto client =
      registry::make_registry_client(options.registry.resolve(), warnings_printed_to(context.err));
  const auto tell = [&](const std::string& text) { context.err << base::printable(text) << "\n"; };
  context.out << list(*client, options, tell, signals.token());
  return kSuccess;
}

}  // namespace ibuild::cli
