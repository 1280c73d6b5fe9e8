#include "builder/export/output_names.h"

#include "base/text.h"
#include "builder/export/output_attributes.h"

namespace ibuild::builder {

std::vector<image::Reference> output_names(const FinishedImage& image, const OutputSpec& output) {
  const auto given = OutputAttributes(output).text("name");
  if (!given) return image.names;
  std::vector<image::Reference> names;
  for (std::string_view name : base::split(*given, ',')) {
    names.push_back(image::with_default_tag(image::parse_reference(base::trim(name))));
  }
  return names;
}

std::vector<std::string> texts_of(const std::vector<image::Reference>& names) {
  std::vector<std::string> texts;
  for (const image::Reference& name : names) texts.push_back(name.str());
  return texts;
}

}  // namespace ibuild::builder
