#include "cli/short_names.h"

#include <cstdlib>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

namespace {

constexpr const char* kOption = "--short-names";
constexpr const char* kVariable = "IBUILD_SHORT_NAMES";

image::ShortNameRule parse_rule(const std::string& origin, const std::string& text) {
  if (text == "docker") return image::ShortNameRule::docker;
  if (text == "containers") return image::ShortNameRule::containers;
  throw base::UsageError(origin + "=" + base::printable(text) +
                         ": it must be docker or containers");
}

image::Reference told(remote::ShortNameSearch::Found found, const ImageNames::Tell& tell) {
  for (const auto& remark : found.remarks) tell(remark);
  return std::move(found.reference);
}

}  // namespace

void ShortNameFlag::add_to(OptionParser& parser) {
  parser.value(kOption, "RULE", value,
               "What names without a host mean: docker (Docker Hub; default), or containers: what "
               "registries.conf says");
}

image::ShortNameRule ShortNameFlag::rule() const {
  if (value) return parse_rule(kOption, *value);
  const char* variable = std::getenv(kVariable);
  if (variable == nullptr || *variable == '\0') return image::ShortNameRule::docker;
  return parse_rule(kVariable, variable);
}

image::Reference ImageNames::parse(const std::string& text) const {
  return image::with_default_tag(parse_repository(text));
}

image::Reference ImageNames::parse_repository(const std::string& text) const {
  return image::parse_reference(text, rule_);
}

image::Reference ImageNames::find(const image::Reference& name, registry::RegistryClient& client,
                                  const Tell& tell, const std::stop_token& stop) {
  if (rule_ == image::ShortNameRule::docker) return name;
  return told(search_.find_image(name, client, stop), tell);
}

image::Reference ImageNames::find(const image::Reference& name,
                                  const remote::ShortNameSearch::Has& has, const Tell& tell) {
  if (rule_ == image::ShortNameRule::docker) return name;
  return told(search_.in_registries(name, has), tell);
}

}  // namespace ibuild::cli
