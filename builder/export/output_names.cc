#include "builder/export/output_names.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "builder/export/output_attributes.h"

namespace ibuild::builder {

std::vector<image::Reference> output_names(const std::vector<image::Reference>& build_names,
                                           const OutputSpec& output) {
  const auto given = OutputAttributes(output).text("name");
  if (!given) return build_names;
  std::vector<image::Reference> names;
  for (std::string_view name : base::split(*given, ',')) {
    names.push_back(image::with_default_tag(image::parse_reference(base::trim(name))));
  }
  return names;
}

std::vector<std::string> texts_of(const std::vector<image::Reference>& names) {
  std::vector<std::string> texts;
  texts.reserve(names.size());
  for (const image::Reference& name : names) texts.push_back(name.str());
  return texts;
}

std::vector<image::Reference> by_digest(const std::vector<image::Reference>& names,
                                        const base::Digest& digest) {
  std::vector<image::Reference> canonical;
  for (image::Reference name : names) {
    name.tag.clear();
    name.digest = digest;
    if (std::find(canonical.begin(), canonical.end(), name) == canonical.end())
      canonical.push_back(std::move(name));
  }
  return canonical;
}

std::optional<image::Reference> dangling_prefix(const OutputSpec& output, bool has_name) {
  const OutputAttributes attributes(output);
  const auto text = attributes.text("dangling-name-prefix");
  if (!text || text->empty()) return std::nullopt;
  if (has_name && attributes.flag("dangling-name-empty-only", false)) return std::nullopt;
  auto prefix = image::parse_reference(*text);
  if (!prefix.tag.empty() || prefix.digest) {
    throw base::UsageError("dangling-name-prefix takes a name without tag and digest, not " +
                           base::printable(*text));
  }
  return prefix;
}

ExportResult export_result(const BuiltImages& built, const std::vector<image::Reference>& names) {
  ExportResult result{.image = built.top, .config_digest = {}, .names = texts_of(names)};
  if (built.index_json.empty()) result.config_digest = built.images.at(0).config.digest;
  return result;
}

}  // namespace ibuild::builder
