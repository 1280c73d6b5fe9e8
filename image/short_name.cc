// See: pkg/shortnames of https://github.com/containers/image for what a short name is.
#include "image/short_name.h"

#include <string>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::image {

namespace {

constexpr std::string_view kDockerHub = "docker.io";
constexpr std::string_view kDockerHubNames[] = {"docker.io/", "index.docker.io/"};

/// `reference` is what `text` means to Docker.
bool names_host(std::string_view text, const Reference& reference) {
  if (reference.domain.empty()) return false;
  if (reference.domain != kDockerHub) return true;
  for (const auto begin : kDockerHubNames) {
    if (text.starts_with(begin)) return true;
  }
  return false;
}

}  // namespace

Reference parse_reference(std::string_view text, ShortNameRule rule) {
  auto reference = parse_reference(text);
  if (rule == ShortNameRule::docker || names_host(text, reference)) return reference;
  auto path = text.substr(0, text.find('@'));
  if (!reference.tag.empty()) path.remove_suffix(1 + reference.tag.size());
  reference.domain.clear();
  reference.path = path;
  return reference;
}

Reference at_registry(const Reference& short_name, std::string_view host) {
  const std::string text = std::string(host) + "/" + short_name.path;
  auto reference = parse_reference(text);
  if (host.find('/') != std::string_view::npos || !names_host(text, reference)) {
    throw base::UsageError("\"" + base::printable(host) +
                           "\" is no host[:port] of a registry that names of images begin with");
  }
  reference.tag = short_name.tag;
  reference.digest = short_name.digest;
  return reference;
}

}  // namespace ibuild::image
