#include "image/validate.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "image/config_reader.h"
#include "image/json_access.h"
#include "image/platform_json.h"
#include "image/syntax.h"

namespace ibuild::image {

namespace {

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// The standard alphabet of RFC 4648 with padding.
bool is_base64(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '+' || c == '/'; });
}

/// Begins with a scheme (RFC 3986, 3.1).
bool is_absolute_uri(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || is_alnum(text[0]) == false) return false;
  if (text[0] >= '0' && text[0] <= '9') return false;
  const std::string_view scheme = text.substr(0, colon);
  return std::all_of(scheme.begin(), scheme.end(),
                     [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; });
}

using Check = bool (*)(std::string_view);
void check_string(const JsonValue& value, Check check, std::string_view what_it_should_be) {
  if (!check(value.as_string())) value.fail("is not " + std::string(what_it_should_be));
}
void check_member(const JsonValue& object, std::string_view key, Check check,
                  std::string_view what_it_should_be) {
  if (const auto member = object.find(key)) check_string(*member, check, what_it_should_be);
}

void check_descriptor(const JsonValue& object) {
  check_string(object.at("mediaType"), is_media_type, "a media type");
  check_string(object.at("digest"), is_digest_syntax, "a digest");
  (void)object.at("size").as_size();
  if (const auto urls = object.find("urls")) {
    for (const JsonValue& url : urls->as_list()) check_string(url, is_absolute_uri, "a URI");
  }
  check_member(object, "data", is_base64, "base64");
  check_member(object, "artifactType", is_media_type, "a media type");
  (void)object.string_map_or_empty("annotations");
  if (const auto platform = object.find("platform")) (void)read_platform(*platform);
}

void check_common_fields(const JsonValue& document) {
  const JsonValue version = document.at("schemaVersion");
  if (version.as_integer() != 2) version.fail("expected 2");
  check_member(document, "mediaType", is_media_type, "a media type");
  check_member(document, "artifactType", is_media_type, "a media type");
  if (const auto subject = document.find("subject")) check_descriptor(*subject);
  (void)document.string_map_or_empty("annotations");
}

void check_manifest(const JsonValue& document) {
  check_common_fields(document);
  check_descriptor(document.at("config"));
  const JsonValue layers = document.at("layers");
  const auto items = layers.as_list();
  if (items.empty()) layers.fail("is empty");
  for (const JsonValue& layer : items) check_descriptor(layer);
}

void check_index(const JsonValue& document) {
  check_common_fields(document);
  for (const JsonValue& manifest : document.at("manifests").as_list()) check_descriptor(manifest);
}

void check_config(const JsonValue& document) {
  const ImageConfig image = read_image_config(document);
  (void)document.at("rootfs").at("diff_ids");
  for (const std::string& entry : image.config.env) {
    const auto equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) {
      document.at("config").at("Env").fail("an entry is not of the form NAME=value");
    }
  }
}

void check_layout(const JsonValue& document) {
  const JsonValue version = document.at("imageLayoutVersion");
  if (version.as_string() != "1.0.0") version.fail("expected \"1.0.0\"");
}

void check_older_document(const JsonValue& document) {
  if (document.find("manifests")) return check_index(document);
  if (document.find("layers")) return check_manifest(document);
  if (document.find("rootfs")) return check_config(document);
  document.fail("is neither an image config, nor a manifest, nor an index");
}

struct Kind {
  std::string_view name;
  void (*check)(const JsonValue&);
  Nulls nulls = Nulls::refused;
};
constexpr auto kKinds = std::to_array<Kind>({
    {"config", check_config},
    {"manifest", check_manifest},
    {"descriptor", check_descriptor},
    {"imageindex", check_index},
    {"imagelayout", check_layout},
    {"backwards_compatibility", check_older_document, Nulls::absent},
});

}  // namespace

void validate_document(std::string_view kind, std::string_view json) {
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(),
                                   [&](const Kind& known) { return known.name == kind; });
  if (found == kKinds.end()) {
    throw base::UsageError("unknown kind of document \"" + std::string(kind) + "\"");
  }
  const auto parsed = parse_untrusted_json(json, kind);
  found->check(JsonValue(parsed, std::string(kind), found->nulls));
}

}  // namespace ibuild::image
