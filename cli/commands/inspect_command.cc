#include "cli/commands/inspect_command.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/remote/find_statements.h"
#include "cli/exit_code.h"
#include "cli/image_access.h"
#include "cli/image_finder.h"
#include "cli/option_parser.h"
#include "cli/platform_flag.h"
#include "cli/remote_inspect.h"
#include "cli/statement_output.h"
#include "image/json_access.h"

namespace ibuild::cli {

namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> familiar_names(const std::vector<std::string>& names) {
  std::vector<std::string> familiar;
  familiar.reserve(names.size());
  for (const auto& name : names) familiar.push_back(image::parse_reference(name).familiar());
  return familiar;
}

std::vector<std::string> repository_digests(const std::vector<std::string>& names,
                                            const base::Digest& digest) {
  std::vector<std::string> digests;
  for (const auto& name : names) {
    auto reference = image::parse_reference(name);
    reference.tag.clear();
    reference.digest = digest;
    // Tags of one repository share one.
    if (std::ranges::find(digests, reference.familiar()) == digests.end())
      digests.push_back(reference.familiar());
  }
  return digests;
}

Json layers_json(const builder::BaseImage& image) {
  Json list = Json::array();
  for (const auto& layer : image.layers) {
    list.push_back({{"DiffId", layer.diff_id.str()},
                    {"Digest", layer.blob->digest.str()},
                    {"Size", layer.blob->size_bytes},
                    {"MediaType", layer.blob->media_type}});
  }
  return list;
}

/// The images of an index, with what of them is here.
Json platforms_json(const remote::ImageLoader& loader, const FoundImage& found) {
  Json list = Json::array();
  for (const auto& image : list_images(loader, found)) {
    list.push_back({{"Platform", image.platform.str_with_version()},
                    {"Digest", image.descriptor.digest.str()},
                    {"Stored", image.stored}});
  }
  return list;
}

builder::BaseImage load_wanted(const remote::ImageLoader& loader, const FoundImage& found,
                               const std::string& platform) {
  if (platform.empty()) return load_image(loader, found);
  return load_image(loader, found, parse_platform_flag(platform));
}

/// The image in the shape of `docker inspect`, as far as it is known here.
Json describe(const remote::ImageLoader& loader, const FoundImage& found,
              const std::string& platform) {
  const auto image = load_wanted(loader, found, platform);
  const auto names = names_of(loader, found.top.digest);
  const auto config_json = loader.read_stored(image.manifest.config);
  if (!config_json) throw base::Error("the config vanished from the store while it was read");
  const auto config = image::parse_in_order(*config_json);
  std::uint64_t size_bytes = 0;
  for (const auto& layer : image.manifest.layers) size_bytes += layer.size_bytes;

  Json json;
  json["Id"] = image.manifest.config.digest.str();
  json["Digest"] = found.top.digest.str();
  json["Manifest"] = image.digest.str();
  json["MediaType"] = image.manifest.media_type;
  json["RepoTags"] = familiar_names(names);
  json["RepoDigests"] = repository_digests(names, found.top.digest);
  json["Created"] = image.config.created;
  json["Author"] = image.config.author;
  json["Os"] = image.config.platform.os;
  json["Architecture"] = image.config.platform.architecture;
  if (!image.config.platform.variant.empty()) json["Variant"] = image.config.platform.variant;
  json["Platforms"] = platforms_json(loader, found);
  json["Size"] = size_bytes;
  json["Config"] = config.value("config", Json::object());
  json["RootFS"] = config.value("rootfs", Json::object());
  json["Layers"] = layers_json(image);
  return json;
}

std::string document(const remote::ImageLoader& loader, const image::Descriptor& descriptor) {
  auto text = loader.read_stored(descriptor);
  if (!text) throw base::Error("the store does not have " + descriptor.digest.str());
  return *std::move(text);
}

std::vector<std::string> find_stored_statements(const remote::ImageLoader& loader,
                                                const FoundImage& found,
                                                const std::string& platform, StatementKind kind) {
  const auto image = load_wanted(loader, found, platform);
  const remote::DocumentReader read = [&](const auto& document) {
    return loader.read_stored(document);
  };
  const remote::BlobReader read_blob =
      [&](const image::Descriptor& blob) -> std::optional<std::string> {
    const auto& content = loader.store().content();
    if (!content.has(blob.digest)) return std::nullopt;
    return content.read(blob.digest, remote::kMaxStatementBytes);
  };
  return remote::find_statements({found.top, image.digest, predicate_type_of(kind)}, read,
                                 read_blob);
}

}  // namespace

int run_inspect(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild inspect",
                      "Shows all about images of the store, or of a registry, as JSON");
  std::vector<std::string> names;
  std::string platform;
  bool raw = false;
  bool config = false;
  bool remote = false;
  bool provenance = false;
  bool sbom = false;
  StoreOptions store;
  RemoteInspection inspection;
  parser.operands("IMAGE", 1, names, "Name or digest; several may be given");
  parser.value("--platform", "OS/ARCH", platform,
               "Which image of an index to show (this machine's own)");
  parser.flag("--raw", raw, "Print the manifest or index, byte for byte");
  parser.flag("--config", config, "Print the image's config, byte for byte");
  parser.flag("--provenance", provenance,
              "Print how the image was made, as it says (--raw: the whole statement)");
  parser.flag("--sbom", sbom,
              "Print what is in the image, as it says: an SPDX document, and one more for each "
              "stage and context that was scanned");
  parser.flag("--remote", remote, "Ask the registry, not the store");
  store.add_to(parser);
  inspection.registry.add_to(parser);
  inspection.short_names.add_to(parser);
  parser.refuse("-f,--format", OptionParser::Takes::value,
                "templates are not known; pipe the JSON into jq");
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  if (raw && config) throw base::UsageError("--raw and --config cannot be used together");
  if (provenance && sbom) throw base::UsageError("--provenance and --sbom cannot be used together");
  if (config && (provenance || sbom))
    throw base::UsageError("--config cannot be used with --provenance and --sbom");
  if ((raw || config || provenance || sbom) && names.size() > 1) {
    throw base::UsageError("--raw, --config, --provenance and --sbom take one image only");
  }
  std::optional<StatementKind> statement;
  if (provenance) statement = StatementKind::provenance;
  if (sbom) statement = StatementKind::sbom;

  if (remote) {
    inspection.names = names;
    inspection.platform = platform;
    inspection.statement = statement;
    inspection.document = raw      ? RemoteInspection::Document::raw
                          : config ? RemoteInspection::Document::config
                                   : RemoteInspection::Document::summary;
    return inspect_remote(inspection, context);
  }
  if (inspection.registry.any_given() || inspection.short_names.value) {
    throw base::UsageError("the options about registries are used with --remote only");
  }
  ImageAccess access(store);
  const auto& loader = access.loader();
  if (statement) {
    print_statements(
        find_stored_statements(loader, find_image(loader, names[0]), platform, *statement),
        *statement, raw ? StatementPart::whole : StatementPart::predicate, context.out);
  } else if (raw) {
    context.out << document(loader, find_image(loader, names[0]).top);
  } else if (config) {
    const auto image = load_wanted(loader, find_image(loader, names[0]), platform);
    context.out << document(loader, image.manifest.config);
  } else {
    Json list = Json::array();
    for (const auto& name : names)
      list.push_back(describe(loader, find_image(loader, name), platform));
    context.out << list.dump(4, ' ', false, Json::error_handler_t::replace) << "\n";
  }
  return kSuccess;
}

}  // namespace ibuild::cli
