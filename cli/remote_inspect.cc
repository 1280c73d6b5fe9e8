#include "cli/remote_inspect.h"

#include <nlohmann/json.hpp>
#include <variant>
#include <vector>

#include "base/text.h"
#include "builder/remote/find_statements.h"
#include "builder/remote/remote_documents.h"
#include "cli/exit_code.h"
#include "cli/signals.h"
#include "cli/single_task.h"
#include "image/manifest.h"

namespace ibuild::cli {

namespace {

using Json = nlohmann::ordered_json;

Json to_summary(const image::Descriptor& descriptor) {
  Json json = {{"Digest", descriptor.digest.str()},
               {"Size", descriptor.size_bytes},
               {"MediaType", descriptor.media_type}};
  if (descriptor.platform) json["Platform"] = descriptor.platform->str();
  if (!descriptor.annotations.empty()) json["Annotations"] = descriptor.annotations;
  return json;
}

Json to_summary(const std::vector<image::Descriptor>& descriptors) {
  Json list = Json::array();
  for (const auto& descriptor : descriptors) list.push_back(to_summary(descriptor));
  return list;
}

Json describe(const image::Reference& reference, const registry::FetchedManifest& top) {
  Json json = {{"Name", reference.familiar()},
               {"Digest", top.descriptor.digest.str()},
               {"Size", top.descriptor.size_bytes},
               {"MediaType", top.descriptor.media_type}};
  const auto parsed = image::parse_manifest_or_index(top.bytes, top.descriptor.media_type);
  if (const auto* index = std::get_if<image::Index>(&parsed)) {
    json["Manifests"] = to_summary(index->manifests);
    if (!index->annotations.empty()) json["Annotations"] = index->annotations;
    return json;
  }
  const auto& manifest = std::get<image::Manifest>(parsed);
  if (!manifest.artifact_type.empty()) json["ArtifactType"] = manifest.artifact_type;
  json["Config"] = to_summary(manifest.config);
  json["Layers"] = to_summary(manifest.layers);
  if (!manifest.annotations.empty()) json["Annotations"] = manifest.annotations;
  return json;
}

std::string read_config(registry::RegistryClient& client, const image::Reference& reference,
                        const image::Platform& platform, std::stop_token stop) {
  const auto read = remote::read_from_registry(client, reference, stop);
  const auto top = client.fetch_manifest(reference, stop);
  const remote::DocumentReader read_known =
      [&](const image::Descriptor& document) -> std::optional<std::string> {
    return document.digest == top.descriptor.digest ? top.bytes : read(document);
  };
  const auto chosen = remote::choose_manifest(top.descriptor, platform, read_known).value();
  return read(chosen.manifest.config).value();
}

std::vector<std::string> find_remote_statements(registry::RegistryClient& client,
                                                const image::Reference& reference,
                                                const image::Platform& platform, StatementKind kind,
                                                std::stop_token stop) {
  const auto read = remote::read_from_registry(client, reference, stop);
  const auto top = client.fetch_manifest(reference, stop);
  const remote::DocumentReader read_known =
      [&](const image::Descriptor& document) -> std::optional<std::string> {
    return document.digest == top.descriptor.digest ? top.bytes : read(document);
  };
  const remote::BlobReader read_blob = [&](const image::Descriptor& blob) {
    base::StringSink sink;
    client.fetch_blob(reference, blob, sink, {}, stop);
    return std::optional(sink.take());
  };
  const auto chosen = remote::choose_manifest(top.descriptor, platform, read_known).value();
  return remote::find_statements(
      {top.descriptor, chosen.descriptor.digest, predicate_type_of(kind)}, read_known, read_blob);
}

}  // namespace

int inspect_remote(const RemoteInspection& inspection, CommandContext& context) {
  using Document = RemoteInspection::Document;
  const auto platform = inspection.platform.empty() ? image::host_platform()
                                                    : image::parse_platform(inspection.platform);
  ImageNames names(inspection.short_names, inspection.registry);
  std::vector<image::Reference> references;
  for (const auto& name : inspection.names) references.push_back(names.parse(name));
  const SignalWatcher signals;
  const auto client = registry::make_registry_client(inspection.registry.resolve(),
                                                     warnings_printed_to(context.err));
  const auto tell = [&](const std::string& text) { context.err << base::printable(text) << "\n"; };
  for (auto& reference : references)
    reference = names.find(reference, *client, tell, signals.token());
  if (inspection.statement) {
    const auto part =
        inspection.document == Document::raw ? StatementPart::whole : StatementPart::predicate;
    print_statements(find_remote_statements(*client, references[0], platform, *inspection.statement,
                                            signals.token()),
                     *inspection.statement, part, context.out);
  } else if (inspection.document == Document::raw) {
    context.out << client->fetch_manifest(references[0], signals.token()).bytes;
  } else if (inspection.document == Document::config) {
    context.out << read_config(*client, references[0], platform, signals.token());
  } else {
    Json list = Json::array();
    for (const auto& reference : references) {
      list.push_back(describe(reference, client->fetch_manifest(reference, signals.token())));
    }
    context.out << list.dump(4, ' ', false, Json::error_handler_t::replace) << "\n";
  }
  return kSuccess;
}

}  // namespace ibuild::cli
