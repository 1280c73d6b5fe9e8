#pragma once

#include <optional>
#include <string>

#include "image/descriptor.h"
#include "image/reference.h"

namespace ibuild::layers {

// The names of images in the index.json of an OCI layout: annotations of its entries.

/// The full name as containerd, Docker and BuildKit write it, else whatever another tool wrote as
/// reference; empty when there is none.
std::string name_of(const image::Descriptor& entry);
image::Descriptor without_name(image::Descriptor entry);
image::Descriptor with_name(image::Descriptor entry, const std::string& name);

/// The name that an entry of somebody else's layout bears, when it is one. A bare word is none: the
/// image-spec suggests tags there, and a tag alone names no repository.
std::optional<image::Reference> reference_of(const image::Descriptor& entry);
/// As people write it ("app:1"), in an archive: with the default tag; none for what is no reference
/// or a bare word.
std::optional<image::Reference> try_parse_archived_name(const std::string& text);

}  // namespace ibuild::layers
