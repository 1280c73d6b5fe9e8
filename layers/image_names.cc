#include "layers/image_names.h"

#include "base/error.h"

namespace ibuild::layers {

namespace {

constexpr const char* kFullNameKey = "io.containerd.image.name";
constexpr const char* kRefNameKey = "org.opencontainers.image.ref.name";

}  // namespace

std::string name_of(const image::Descriptor& entry) {
  for (const char* key : {kFullNameKey, kRefNameKey}) {
    const auto found = entry.annotations.find(key);
    if (found != entry.annotations.end() && !found->second.empty()) return found->second;
  }
  return {};
}

image::Descriptor without_name(image::Descriptor entry) {
  entry.annotations.erase(kFullNameKey);
  entry.annotations.erase(kRefNameKey);
  return entry;
}

image::Descriptor with_name(image::Descriptor entry, const std::string& name) {
  entry.annotations[kFullNameKey] = name;
  entry.annotations[kRefNameKey] = name;
  return entry;
}

std::optional<image::Reference> reference_of(const image::Descriptor& entry) {
  return try_parse_archived_name(name_of(entry));
}

std::optional<image::Reference> try_parse_archived_name(const std::string& text) {
  if (text.find_first_of("/:") == std::string::npos) return std::nullopt;
  try {
    return image::with_default_tag(image::parse_reference(text));
  } catch (const base::UsageError&) {
    return std::nullopt;  // an image may be imported without the name that is none
  }
}

}  // namespace ibuild::layers
