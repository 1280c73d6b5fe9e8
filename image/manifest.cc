// See: image-spec/manifest.md, image-index.md, descriptor.md.
#include "image/manifest.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "image/json_access.h"
#include "image/media_types.h"
#include "image/platform_json.h"
#include "image/syntax.h"

namespace ibuild::image {

namespace {

using nlohmann::ordered_json;

Descriptor read_descriptor(const JsonValue& object) {
  Descriptor descriptor;
  const JsonValue media_type = object.at("mediaType");
  descriptor.media_type = media_type.as_string();
  if (!is_media_type(descriptor.media_type)) media_type.fail("is not a media type");
  const JsonValue digest = object.at("digest");
  const auto parsed = base::Digest::try_parse(digest.as_string());
  if (!parsed) digest.fail("is not a sha256, sha384 or sha512 digest");
  descriptor.digest = *parsed;
  descriptor.size_bytes = object.at("size").as_size();
  descriptor.urls = object.strings_or_empty("urls");
  descriptor.annotations = object.string_map_or_empty("annotations");
  if (const auto platform = object.find("platform")) descriptor.platform = read_platform(*platform);
  descriptor.data = object.string_or_empty("data");
  descriptor.artifact_type = object.string_or_empty("artifactType");
  return descriptor;
}

std::vector<Descriptor> read_descriptors(const JsonValue& list) {
  std::vector<Descriptor> descriptors;
  for (const JsonValue& item : list.as_list()) descriptors.push_back(read_descriptor(item));
  return descriptors;
}

/// Empty for what servers say when they do not know the type.
std::string_view meaning_of_content_type(std::string_view media_type) {
  const std::string_view type = base::trim(media_type.substr(0, media_type.find(';')));
  const bool says_nothing =
      type == "application/json" || type == "application/octet-stream" || type == "text/plain";
  return says_nothing ? std::string_view() : type;
}

void refuse_schema1(const JsonValue& document, std::string_view media_type) {
  const auto version = document.find("schemaVersion");
  const bool is_schema1 =
      media_type.starts_with("application/vnd.docker.distribution.manifest.v1+") ||
      document.find("fsLayers") || (version && version->as_integer() == 1);
  if (is_schema1) {
    document.fail("Docker manifest schema 1 is not supported (the image must be pushed anew)");
  }
}

/// The document's type, from what was announced, what it says of itself and its shape, which must
/// agree.
std::string decide_media_type(const JsonValue& document, std::string_view announced) {
  announced = meaning_of_content_type(announced);
  refuse_schema1(document, announced);
  const bool has_manifests = document.find("manifests").has_value();
  const bool has_layers =
      document.find("layers").has_value() || document.find("config").has_value();
  if (has_manifests && has_layers) document.fail("is both an image manifest and an image index");

  std::string type = document.string_or_empty("mediaType");
  if (!type.empty() && !announced.empty() && type != announced) {
    document.fail("announced as \"" + base::printable(announced) + "\", but its mediaType is \"" +
                  base::printable(type) + "\"");
  }
  if (type.empty()) type = announced;
  if (type.empty()) type = has_manifests ? media_type::kOciIndex : media_type::kOciManifest;
  if (!media_type::is_index(type) && !media_type::is_manifest(type)) {
    document.fail("media type \"" + base::printable(type) +
                  "\" is neither an image manifest nor an image index");
  }
  if (media_type::is_index(type) ? has_layers : has_manifests) {
    document.fail("its fields are not those of its media type \"" + type + "\"");
  }
  return type;
}

void check_schema_version(const JsonValue& document) {
  const JsonValue version = document.at("schemaVersion");
  if (version.as_integer() != 2) version.fail("expected 2");
}

template <typename Document>
void read_common_fields(const JsonValue& document, std::string media_type, Document& into) {
  check_schema_version(document);
  into.media_type = std::move(media_type);
  into.artifact_type = document.string_or_empty("artifactType");
  if (const auto subject = document.find("subject")) into.subject = read_descriptor(*subject);
  into.annotations = document.string_map_or_empty("annotations");
}

ordered_json descriptor_json(const Descriptor& descriptor) {
  ordered_json object = ordered_json::object();
  object["mediaType"] = descriptor.media_type;
  object["digest"] = descriptor.digest.str();
  object["size"] = descriptor.size_bytes;
  if (!descriptor.urls.empty()) object["urls"] = descriptor.urls;
  if (!descriptor.annotations.empty()) object["annotations"] = descriptor.annotations;
  if (!descriptor.data.empty()) object["data"] = descriptor.data;
  if (descriptor.platform) append_platform(object["platform"], *descriptor.platform);
  if (!descriptor.artifact_type.empty()) object["artifactType"] = descriptor.artifact_type;
  return object;
}

ordered_json descriptors_json(const std::vector<Descriptor>& descriptors) {
  ordered_json list = ordered_json::array();
  for (const Descriptor& descriptor : descriptors) list.push_back(descriptor_json(descriptor));
  return list;
}

template <typename Document>
ordered_json first_fields(const Document& document) {
  ordered_json object = ordered_json::object();
  object["schemaVersion"] = 2;
  if (!document.media_type.empty()) object["mediaType"] = document.media_type;
  if (!document.artifact_type.empty()) object["artifactType"] = document.artifact_type;
  return object;
}

template <typename Document>
std::string finish(ordered_json object, const Document& document) {
  if (document.subject) object["subject"] = descriptor_json(*document.subject);
  if (!document.annotations.empty()) object["annotations"] = document.annotations;
  return dump_json(object);
}

}  // namespace

std::variant<Manifest, Index> parse_manifest_or_index(std::string_view json,
                                                      std::string_view media_type) {
  const auto parsed = parse_untrusted_json(json, "manifest");
  const JsonValue document(parsed, "manifest");
  std::string type = decide_media_type(document, media_type);
  if (media_type::is_index(type)) {
    Index index;
    read_common_fields(document, std::move(type), index);
    index.manifests = read_descriptors(document.at("manifests"));
    return index;
  }
  Manifest manifest;
  read_common_fields(document, std::move(type), manifest);
  manifest.config = read_descriptor(document.at("config"));
  manifest.layers = read_descriptors(document.at("layers"));
  return manifest;
}

Manifest parse_manifest(std::string_view json, std::string_view media_type) {
  auto document = parse_manifest_or_index(json, media_type);
  if (auto* manifest = std::get_if<Manifest>(&document)) return std::move(*manifest);
  throw base::ContentError("manifest: expected an image manifest, got an image index");
}

Index parse_index(std::string_view json, std::string_view media_type) {
  auto document = parse_manifest_or_index(json, media_type);
  if (auto* index = std::get_if<Index>(&document)) return std::move(*index);
  throw base::ContentError("manifest: expected an image index, got an image manifest");
}

std::string to_json(const Manifest& manifest) {
  ordered_json object = first_fields(manifest);
  object["config"] = descriptor_json(manifest.config);
  object["layers"] = descriptors_json(manifest.layers);
  return finish(std::move(object), manifest);
}

std::string to_json(const Index& index) {
  ordered_json object = first_fields(index);
  object["manifests"] = descriptors_json(index.manifests);
  return finish(std::move(object), index);
}

std::string to_json(const Descriptor& descriptor) { return dump_json(descriptor_json(descriptor)); }

Descriptor parse_descriptor(std::string_view json) {
  const auto parsed = parse_untrusted_json(json, "descriptor");
  return read_descriptor(JsonValue(parsed, "descriptor"));
}

}  // namespace ibuild::image
