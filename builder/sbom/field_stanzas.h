#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::builder {

/// The fields of a stanza by their names in lower case; of equal ones the first counts.
using Fields = std::map<std::string, std::string, std::less<>>;

/// The value of a field; empty when it is not there.
const std::string& field(const Fields& fields, std::string_view name);

/// "Name: value" lines in stanzas parted by empty lines; a line that begins with a blank goes on
/// with the field before it, after a newline. Lines without a colon are passed over. Only `wanted`
/// fields are kept, in lower case; a value above 64 KiB is cut. As dpkg's status and the metadata
/// of Python packages have them. See: deb822(5); RFC 5322.
void for_each_stanza(std::string_view text, const std::vector<std::string_view>& wanted,
                     const std::function<void(const Fields&)>& visit);

/// The first stanza alone.
Fields first_stanza(std::string_view text, const std::vector<std::string_view>& wanted);

}  // namespace ibuild::builder
