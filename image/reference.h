#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace ibuild::image {

/// An image name in normal form, as distribution/reference reads it:
/// "python:3.7" → domain "docker.io", path "library/python", tag "3.7".
/// See: distribution-spec "Pulling manifests" for the grammar; distribution/reference for the short
/// forms.
struct Reference {
  std::string domain;                  // "docker.io", "127.0.0.1:5000", "[::1]:5000"; empty for
                                       // a path whose first part has a dot and is no host's name
  std::string path;                    // "library/python"
  std::string tag;                     // empty when none was given
  std::optional<base::Digest> digest;  // wins over the tag where both are given

  /// domain/path, without tag and digest.
  std::string name() const { return domain.empty() ? path : domain + "/" + path; }
  /// Full form: domain/path[:tag][@digest].
  std::string str() const;
  /// As people write it: docker.io and library/ left out.
  std::string familiar() const;
  bool has_tag_or_digest() const { return !tag.empty() || digest.has_value(); }
  /// The tag or digest that goes into the manifests endpoint. Requires: has_tag_or_digest().
  std::string manifest_key() const;
  auto operator<=>(const Reference&) const = default;
};

/// Throws: base::UsageError that says what is wrong with `text`. Does not add a default tag.
Reference parse_reference(std::string_view text);
/// Adds ":latest" when neither tag nor digest was given.
Reference with_default_tag(Reference reference);

}  // namespace ibuild::image
