#include "builder/export/annotations.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::builder {

namespace {

constexpr std::string_view kPrefix = "annotation";

struct NamedPlace {
  std::string_view name;
  AnnotationPlace place;
};
constexpr NamedPlace kPlaces[] = {
    {"manifest", AnnotationPlace::manifest},
    {"manifest-descriptor", AnnotationPlace::manifest_descriptor},
    {"index", AnnotationPlace::index},
    {"index-descriptor", AnnotationPlace::index_descriptor},
};

AnnotationPlace read_place(std::string_view name) {
  for (const auto& known : kPlaces) {
    if (known.name == name) return known.place;
  }
  base::UsageError error("unknown kind of annotation: " + base::printable(name));
  error.set_hint("use manifest, manifest-descriptor, index or index-descriptor");
  throw error;
}

/// Takes "-PLACE" and "[PLATFORM]" off the front of what follows "annotation"; "." and the key are
/// left.
Annotation read_head(std::string_view& rest) {
  Annotation annotation;
  if (rest.starts_with('-')) {
    const auto end = rest.find_first_of("[.");
    annotation.place = read_place(rest.substr(1, end - 1));
    rest.remove_prefix(std::min(end, rest.size()));
  }
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos)
      throw base::UsageError("annotation with \"[\" but no \"]\": " + base::printable(rest));
    annotation.platform =
        image::normalize(image::parse_platform(std::string(rest.substr(1, end - 1))));
    rest.remove_prefix(end + 1);
  }
  return annotation;
}

bool is_of_index(const Annotation& annotation) {
  return annotation.place == AnnotationPlace::index ||
         annotation.place == AnnotationPlace::index_descriptor;
}

}  // namespace

bool names_annotation(std::string_view attribute) {
  if (!attribute.starts_with(kPrefix) || attribute.size() == kPrefix.size()) return false;
  return std::string_view("-[.").find(attribute[kPrefix.size()]) != std::string_view::npos;
}

std::vector<Annotation> read_annotations(const std::map<std::string, std::string>& attributes) {
  std::vector<Annotation> annotations;
  for (const auto& [name, value] : attributes) {
    if (!names_annotation(name)) continue;
    std::string_view rest = std::string_view(name).substr(kPrefix.size());
    Annotation annotation = read_head(rest);
    if (rest.size() < 2 || rest.front() != '.')
      throw base::UsageError("annotation without a key: " + base::printable(name));
    annotation.key = rest.substr(1);
    annotation.value = value;
    annotations.push_back(std::move(annotation));
  }
  return annotations;
}

void check_annotations(const std::vector<Annotation>& annotations, ResultShape shape) {
  if (shape == ResultShape::index) return;
  const auto found = std::find_if(annotations.begin(), annotations.end(), is_of_index);
  if (found == annotations.end()) return;
  base::UsageError error("the annotation " + base::printable(found->key) +
                         " is for an image index, and this build makes a single image");
  error.set_hint("build for several platforms, or with --build-arg BUILDKIT_MULTI_PLATFORM=1");
  throw error;
}

image::Annotations annotations_at(AnnotationPlace place, const image::Platform& platform,
                                  const std::vector<Annotation>& annotations) {
  image::Annotations found;
  const auto add = [&](bool named) {
    for (const auto& each : annotations) {
      if (each.place != place || each.platform.has_value() != named) continue;
      if (!named || *each.platform == image::normalize(platform)) found[each.key] = each.value;
    }
  };
  add(/*named=*/false);
  add(/*named=*/true);  // what names the platform counts more
  return found;
}

}  // namespace ibuild::builder
