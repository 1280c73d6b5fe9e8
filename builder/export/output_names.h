#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/export/exporter.h"

namespace ibuild::builder {

/// The names of an output: its own `name=` (comma-separated) or else those of the build.
/// Throws: base::UsageError for a name that cannot be read.
std::vector<image::Reference> output_names(const std::vector<image::Reference>& build_names,
                                           const OutputSpec& output);

/// In full form.
std::vector<std::string> texts_of(const std::vector<image::Reference>& names);

/// The repositories of the names, each once, with the digest instead of a tag.
std::vector<image::Reference> by_digest(const std::vector<image::Reference>& names,
                                        const base::Digest& digest);

/// What an output that holds `built` became.
ExportResult export_result(const BuiltImages& built, const std::vector<image::Reference>& names);

/// What dangling-name-prefix says: PREFIX@DIGEST is a name of the image, or with
/// dangling-name-empty-only the name of one that has no other. Throws: base::UsageError for a
/// prefix that has a tag or digest itself.
std::optional<image::Reference> dangling_prefix(const OutputSpec& output, bool has_name);

}  // namespace ibuild::builder
