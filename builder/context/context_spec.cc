// See: https://docs.docker.com/reference/cli/docker/buildx/build/ "Additional build contexts
// (--build-context)".
#include "builder/context/context_spec.h"

#include <sys/stat.h>

#include <array>

#include "base/error.h"
#include "base/text.h"
#include "parser/go_url.h"

namespace ibuild::builder {
namespace {

constexpr std::string_view kImageScheme = "docker-image://";
constexpr std::string_view kLayoutScheme = "oci-layout://";
/// Buildah's words for an image.
constexpr std::array<std::string_view, 2> kBuildahSchemes = {"container-image://", "docker://"};

enum class FileKind { missing, directory, other };

FileKind kind_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return FileKind::missing;
  return S_ISDIR(status.st_mode) ? FileKind::directory : FileKind::other;
}

bool is_http(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

/// A context on another machine; none when the text means no such thing.
std::optional<ContextSpec> parse_remote(const std::string& text) {
  if (auto reference = parser::parse_git_reference(text)) return GitContext{*std::move(reference)};
  if (!is_http(text)) return std::nullopt;
  parser::check_url_escapes(text);
  return UrlContext{text};
}

ContextSpec parse_directory(const std::string& text) {
  switch (kind_of(text)) {
    case FileKind::directory:
      return DirectoryContext{text};
    case FileKind::other:
      throw base::UsageError(base::printable(text) + " is not a directory");
    case FileKind::missing:
      break;
  }
  throw base::UsageError(base::printable(text) + " does not exist");
}

ImageContext parse_image(std::string_view name, image::ShortNameRule rule) {
  if (name == "scratch") return {};
  return {image::parse_reference(name, rule)};
}

LayoutContext parse_layout(std::string_view text) {
  LayoutContext layout;
  const auto at = text.find('@');
  if (at != std::string_view::npos) {
    layout.digest = base::Digest::try_parse(text.substr(at + 1));
    if (!layout.digest) {
      throw base::UsageError("oci-layout://" + base::printable(text) +
                             ": what stands behind \"@\" is no digest");
    }
    text = text.substr(0, at);
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos) layout.tag = text.substr(colon + 1);
  layout.path = text.substr(0, colon);
  if (layout.path.empty()) throw base::UsageError("oci-layout:// needs the path of an OCI layout");
  return layout;
}

}  // namespace

ContextSpec parse_context(const std::string& text) {
  if (text == "-") return StdinContext{};
  if (kind_of(text) == FileKind::directory) return DirectoryContext{text};
  if (auto remote = parse_remote(text)) return *std::move(remote);
  if (text.starts_with(kImageScheme) || text.starts_with(kLayoutScheme)) {
    throw base::UsageError(base::printable(text) +
                           " can only be an additional context (--build-context)");
  }
  return parse_directory(text);
}

ContextSpec parse_named_context(const std::string& text, image::ShortNameRule rule) {
  if (text.starts_with(kImageScheme))
    return parse_image(std::string_view(text).substr(kImageScheme.size()), rule);
  for (const auto scheme : kBuildahSchemes) {
    if (text.starts_with(scheme))
      return parse_image(std::string_view(text).substr(scheme.size()), rule);
  }
  if (text.starts_with(kLayoutScheme))
    return parse_layout(std::string_view(text).substr(kLayoutScheme.size()));
  for (const char* form : {"target:", "input:"}) {
    if (text.starts_with(form)) {
      throw base::UsageError("build context " + base::printable(text) + ": the form " + form +
                             " belongs to bake files, " + "which are not supported");
    }
  }
  if (text == "-")
    throw base::UsageError("an additional build context cannot come through standard input");
  if (text.empty()) throw base::UsageError("an additional build context needs a value");
  auto remote = parse_remote(text);
  const auto* git = remote ? std::get_if<GitContext>(&*remote) : nullptr;
  const bool may_be_local =
      git != nullptr && git->reference.looks_local && kind_of(text) == FileKind::directory;
  if (remote && !may_be_local) return *std::move(remote);
  return parse_directory(text);
}

}  // namespace ibuild::builder
