// The grammar of distribution/reference:
// https://github.com/distribution/reference/blob/main/reference.go
#include "image/reference.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::image {

namespace {

constexpr std::string_view kDefaultDomain = "docker.io";
constexpr std::string_view kLegacyDomain = "index.docker.io";
constexpr std::string_view kOfficialPrefix = "library/";
constexpr std::size_t kMaxPathLength = 255;
constexpr std::size_t kMaxTagLength = 128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_alnum(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }

template <typename Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return !text.empty() && std::all_of(text.begin(), text.end(), predicate);
}

bool is_host_label(std::string_view label) {
  return all_of(label, [](char c) { return is_alnum(c) || c == '-'; }) && label.front() != '-' &&
         label.back() != '-';
}

bool is_domain(std::string_view domain) {
  std::string_view host = domain;
  if (domain.starts_with('[')) {
    const auto end = domain.find(']');
    if (end == std::string_view::npos) return false;
    const auto address = domain.substr(1, end - 1);
    if (!all_of(address, [](char c) { return is_hex(c) || c == ':'; })) return false;
    host = domain.substr(end + 1);
    return host.empty() || (host.front() == ':' && all_of(host.substr(1), is_digit));
  }
  if (const auto colon = domain.find(':'); colon != std::string_view::npos) {
    if (!all_of(domain.substr(colon + 1), is_digit)) return false;
    host = domain.substr(0, colon);
  }
  const auto labels = base::split(host, '.');
  return std::all_of(labels.begin(), labels.end(), is_host_label);
}

/// Words of lower-case letters and digits between single separators: ".", "_", "__" or any number
/// of "-".
bool is_path_component(std::string_view text) {
  auto is_word_char = [](char c) { return is_lower(c) || is_digit(c); };
  while (!text.empty() && is_word_char(text.front())) {
    const auto word_end = std::find_if_not(text.begin(), text.end(), is_word_char);
    text.remove_prefix(static_cast<std::size_t>(word_end - text.begin()));
    if (text.empty()) return true;
    const auto next_word = std::find_if(text.begin(), text.end(), is_word_char);
    const auto separator = text.substr(0, static_cast<std::size_t>(next_word - text.begin()));
    const bool fits = separator == "." || separator == "_" || separator == "__" ||
                      all_of(separator, [](char c) { return c == '-'; });
    if (!fits) return false;
    text.remove_prefix(separator.size());
  }
  return false;
}

bool is_tag(std::string_view tag) {
  auto is_tag_char = [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; };
  return tag.size() <= kMaxTagLength && all_of(tag, is_tag_char) && tag.front() != '.' &&
         tag.front() != '-';
}

bool is_image_id(std::string_view text) {
  return text.size() == 64 &&
         all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

struct NameParts {
  std::string_view domain;
  std::string path;
};

/// Tells a registry's host from the first part of a Docker Hub name: it has a dot, a port or an
/// upper-case letter, or is "localhost".
NameParts split_domain(std::string_view name) {
  const auto slash = name.find('/');
  const std::string_view first = name.substr(0, slash);
  NameParts parts{kDefaultDomain, std::string(name)};
  if (slash != std::string_view::npos) {
    const bool is_host = first == "localhost" ||
                         first.find_first_of(".:") != std::string_view::npos ||
                         std::any_of(first.begin(), first.end(), is_upper);
    if (is_host) parts = {first, std::string(name.substr(slash + 1))};
  }
  if (parts.domain == kLegacyDomain) parts.domain = kDefaultDomain;
  if (parts.domain == kDefaultDomain && parts.path.find('/') == std::string::npos) {
    parts.path.insert(0, kOfficialPrefix);
  }
  return parts;
}

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw base::UsageError("invalid image name \"" + base::printable(text.substr(0, 512)) +
                         "\": " + why);
}

bool is_path(std::string_view path) {
  const auto components = base::split(path, '/');
  return path.size() <= kMaxPathLength &&
         std::all_of(components.begin(), components.end(), is_path_component);
}

void check_path(std::string_view text, std::string_view path) {
  if (std::any_of(path.begin(), path.end(), is_upper)) {
    refuse(text, "repository name must be lowercase");
  }
  for (std::string_view component : base::split(path, '/')) {
    if (is_path_component(component)) continue;
    if (component.empty()) refuse(text, "a part of the repository name is empty");
    refuse(text, "\"" + base::printable(component) + "\" is not a part of a repository name");
  }
  if (path.size() > kMaxPathLength) {
    refuse(text, "repository name must not be longer than " + std::to_string(kMaxPathLength) +
                     " characters");
  }
}

}  // namespace

Reference parse_reference(std::string_view text) {
  if (text.empty()) throw base::UsageError("the image name is empty");
  if (is_image_id(text)) {
    refuse(text, "64 hexadecimal digits are an image id, not a name");
  }
  Reference reference;
  std::string_view rest = text;
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    reference.digest = base::Digest::try_parse(rest.substr(at + 1));
    if (!reference.digest)
      refuse(text, "what follows \"@\" is not a sha256, sha384 or sha512 digest");
    rest = rest.substr(0, at);
  }
  const auto last_slash = rest.rfind('/');
  const auto colon = rest.find(':', last_slash == std::string_view::npos ? 0 : last_slash);
  if (colon != std::string_view::npos) {
    reference.tag = rest.substr(colon + 1);
    if (!is_tag(reference.tag)) {
      refuse(text, "\"" + base::printable(reference.tag) +
                       "\" is not a tag (letters, digits, \"_\", \".\" and \"-\", at most 128)");
    }
    rest = rest.substr(0, colon);
  }
  if (rest.empty()) refuse(text, "there is no repository name");
  NameParts parts = split_domain(rest);
  if (!is_domain(parts.domain) && is_path(rest)) {
    // "a_b.c/foo": what would be no host is part of the path, and there is none.
    parts = {"", std::string(rest)};
  } else if (!is_domain(parts.domain)) {
    refuse(text, "\"" + base::printable(parts.domain) + "\" is not a registry's host name");
  }
  check_path(text, parts.path);
  reference.domain = parts.domain;
  reference.path = std::move(parts.path);
  return reference;
}

Reference with_default_tag(Reference reference) {
  if (!reference.has_tag_or_digest()) reference.tag = "latest";
  return reference;
}

std::string Reference::str() const {
  std::string text = name();
  if (!tag.empty()) text += ":" + tag;
  if (digest) text += "@" + digest->str();
  return text;
}

std::string Reference::familiar() const {
  std::string full = str();
  if (domain != kDefaultDomain) return full;
  const bool is_official = path.starts_with(kOfficialPrefix) &&
                           path.find('/', kOfficialPrefix.size()) == std::string::npos;
  const std::string short_path = is_official ? path.substr(kOfficialPrefix.size()) : path;
  std::string shorter = short_path + full.substr(name().size());
  // A path that would be taken for a host, or a name for an image id, must keep its domain.
  const auto read_back = split_domain(short_path);
  const bool is_same = read_back.domain == kDefaultDomain && read_back.path == path;
  return is_same && !is_image_id(shorter) ? shorter : full;
}

std::string Reference::manifest_key() const { return digest ? digest->str() : tag; }

}  // namespace ibuild::image
