#include "builder/export/output_attributes.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "builder/export/annotations.h"

namespace ibuild::builder {

std::string OutputAttributes::shown(std::string_view name) const {
  return what_ + ": attribute " + std::string(name);
}

void OutputAttributes::allow_only(std::initializer_list<std::string_view> names) const {
  refuse_unknown({names.begin(), names.end()});
}

void OutputAttributes::allow_layer_format_and(std::initializer_list<std::string_view> names) const {
  std::vector<std::string> known{"compression",
                                 "compression-level",
                                 "force-compression",
                                 "oci-mediatypes",
                                 "squash",
                                 "oci-artifact",
                                 "attestation-inline",
                                 "rewrite-timestamp",
                                 "source-date-epoch",
                                 "prefer-nondist-layers",
                                 "add-compression",
                                 "compatibility-version"};
  known.insert(known.end(), names.begin(), names.end());
  for (const auto& [name, value] : attributes_) {
    if (names_annotation(name)) known.push_back(name);
  }
  refuse_unknown(known);
}

void OutputAttributes::refuse_unknown(const std::vector<std::string>& known) const {
  for (const auto& [name, value] : attributes_) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    base::UsageError error(shown(base::printable(name)) + " is not supported");
    if (const auto nearest = base::nearest_word(name, known)) {
      error.set_hint("did you mean " + *nearest + "?");
    } else if (!known.empty()) {
      error.set_hint("it takes " + base::join(known, ", "));
    }
    throw error;
  }
}

std::optional<std::string> OutputAttributes::text(std::string_view name) const {
  const auto found = attributes_.find(std::string(name));
  if (found == attributes_.end()) return std::nullopt;
  return found->second;
}

std::string OutputAttributes::required_text(std::string_view name) const {
  const auto value = text(name);
  if (!value || value->empty()) throw base::UsageError(shown(name) + " is missing");
  return *value;
}

bool OutputAttributes::flag(std::string_view name, bool otherwise) const {
  const auto value = text(name);
  if (!value) return otherwise;
  if (*value == "true" || *value == "1" || value->empty()) return true;
  if (*value == "false" || *value == "0") return false;
  throw base::UsageError(shown(name) + " takes true or false, not " + base::printable(*value));
}

std::optional<int> OutputAttributes::number(std::string_view name) const {
  const auto value = text(name);
  if (!value) return std::nullopt;
  const auto parsed = base::parse_i64(*value);
  if (!parsed || *parsed < 0 || *parsed > std::numeric_limits<int>::max()) {
    throw base::UsageError(shown(name) + " takes a number, not " + base::printable(*value));
  }
  return static_cast<int>(*parsed);
}

}  // namespace ibuild::builder
