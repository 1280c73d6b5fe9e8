#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/plan/platform_target.h"
#include "image/descriptor.h"
#include "image/platform.h"

namespace ibuild::builder {

/// A document of an image, or the descriptor that names it elsewhere.
enum class AnnotationPlace { manifest, manifest_descriptor, index, index_descriptor };

/// See: image-spec/annotations.md.
struct Annotation {
  AnnotationPlace place = AnnotationPlace::manifest;
  std::optional<image::Platform> platform;  // only of this one's manifest; none: of all
  std::string key;
  std::string value;
};

/// Whether an attribute of an output is an annotation: "annotation.KEY",
/// "annotation-index[linux/amd64].KEY" and the like, as BuildKit has them.
bool names_annotation(std::string_view attribute);

/// Those among the attributes. Throws: base::UsageError for an unknown place or a platform that is
/// none.
std::vector<Annotation> read_annotations(const std::map<std::string, std::string>& attributes);

/// Throws: base::UsageError for annotations of an index when none is made.
void check_annotations(const std::vector<Annotation>& annotations, ResultShape shape);

/// What belongs to `place`, of the image for `platform`.
image::Annotations annotations_at(AnnotationPlace place, const image::Platform& platform,
                                  const std::vector<Annotation>& annotations);

}  // namespace ibuild::builder
