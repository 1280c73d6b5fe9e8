#pragma once

#include <string>
#include <string_view>

namespace ibuild::builder {

/// The licences that a file debian/copyright in its machine-readable form names for all files of
/// the package together, as an SPDX expression. Empty where the form is another one, or a name
/// means none of the SPDX list or not one alone.
/// See: www.debian.org/doc/packaging-manuals/copyright-format/1.0, "License field".
std::string license_of_copyright(std::string_view text);

}  // namespace ibuild::builder
