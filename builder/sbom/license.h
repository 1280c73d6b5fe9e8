#pragma once

#include <map>
#include <string>
#include <string_view>

namespace ibuild::builder {

/// Licences as SPDX writes them. What the SPDX list does not have gets an id of the document's own,
/// "LicenseRef-…", which has to be explained there. See: SPDX 2.3, Annex D and clause 10.
class LicenseTerms {
 public:
  /// An expression out of what a package says; NOASSERTION for nothing.
  std::string expression(std::string_view text);
  /// The ids of the document's own and what they stand for.
  const std::map<std::string, std::string>& own() const { return own_; }

 private:
  std::string own_id(std::string_view text);
  std::map<std::string, std::string> own_;
};

/// The id of the SPDX list that a word names, in its own letter case, also by one of the names that
/// packages use instead; empty when it is none that is known here.
std::string_view spdx_license_id(std::string_view word);

}  // namespace ibuild::builder
