#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/digest.h"
#include "image/reference.h"
#include "image/short_name.h"
#include "parser/git_reference.h"

namespace ibuild::builder {

/// Files of this machine.
struct DirectoryContext {
  std::string path;
};
/// "-": what comes through standard input, a tar or a Dockerfile.
struct StdinContext {};
struct GitContext {
  parser::GitReference reference;
};
/// An http(s) URL of a tar or of a Dockerfile.
struct UrlContext {
  std::string url;
};
/// docker-image://REF: an image's files, its configuration too where it takes the place of a base.
/// None: scratch.
struct ImageContext {
  std::optional<image::Reference> reference;
};
/// oci-layout://PATH[:TAG][@DIGEST]: an image in an OCI layout on this machine.
struct LayoutContext {
  std::string path;
  std::string tag;  // empty when none was written: "latest", or the only image there is
  std::optional<base::Digest> digest;  // wins over the tag
  auto operator<=>(const LayoutContext&) const = default;
};

/// Where a build context comes from, as it was written.
using ContextSpec = std::variant<DirectoryContext, StdinContext, GitContext, UrlContext,
                                 ImageContext, LayoutContext>;

/// Reads the context argument of a build. A directory of this machine wins over everything that
/// looks like it. Throws: base::UsageError for what is neither a directory nor a form known here.
ContextSpec parse_context(const std::string& text);

/// Reads the value of --build-context NAME=VALUE. Here the forms with a scheme come before
/// directories. `rule` is for the name of an image. Throws: base::UsageError; forms of buildx that
/// are not supported are named.
ContextSpec parse_named_context(const std::string& text,
                                image::ShortNameRule rule = image::ShortNameRule::docker);

}  // namespace ibuild::builder
