#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::cli {

/// The fields of one comma-separated record; a field in double quotes may hold commas, and "" for a
/// quote. See: RFC 4180; Go's encoding/csv, which `docker build` reads such values with. Throws:
/// UsageError for a quote out of place.
std::vector<std::string> parse_csv(std::string_view text);

/// "type=oci,dest=a.tar": fields as key and value, keys in lower case, of equal keys the last one.
/// Throws: UsageError for a field without '='.
std::map<std::string, std::string> parse_attributes(std::string_view text);

}  // namespace ibuild::cli
