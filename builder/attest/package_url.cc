// The rules of characters: github.com/package-url/purl-spec, PURL-SPECIFICATION.rst.
#include "builder/attest/package_url.h"

#include <string_view>

#include "base/text.h"

namespace ibuild::builder {

namespace {

bool stands_for_itself(char c) {
  const bool is_alphanumeric =
      (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return is_alphanumeric || c == '-' || c == '.' || c == '_' || c == '~' || c == ':';
}

std::string encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (stands_for_itself(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return encoded;
}

std::string encode_segments(std::string_view path) {
  std::string encoded;
  for (const auto segment : base::split(path, '/')) {
    if (segment.empty()) continue;
    encoded += (encoded.empty() ? "" : "/") + encode(segment);
  }
  return encoded;
}

}  // namespace

std::string PackageUrl::str() const {
  std::string text = "pkg:" + type + "/";
  if (const auto segments = encode_segments(name_space); !segments.empty()) text += segments + "/";
  text += encode(name);
  if (!version.empty()) text += "@" + encode(version);
  char separator = '?';
  for (const auto& [key, value] : qualifiers) {
    if (value.empty()) continue;
    text += separator + key + "=" + encode(value);
    separator = '&';
  }
  if (const auto segments = encode_segments(subpath); !segments.empty()) text += "#" + segments;
  return text;
}

std::string image_package_url(const std::string& type, const image::Reference& reference,
                              const image::Platform& platform) {
  image::Reference repository = reference;
  repository.tag.clear();
  repository.digest.reset();
  const std::string name = repository.familiar();
  const auto slash = name.rfind('/');
  PackageUrl url{.type = type, .name = name.substr(slash == std::string::npos ? 0 : slash + 1)};
  if (slash != std::string::npos) url.name_space = name.substr(0, slash);
  url.version = reference.tag;
  if (reference.digest) url.qualifiers["digest"] = reference.digest->str();
  url.qualifiers["platform"] = image::normalize(platform).str();
  return url.str();
}

}  // namespace ibuild::builder
