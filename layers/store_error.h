#pragma once

#include <string_view>

namespace ibuild::layers {

/// Throws the base::SystemError of a failed call on a file of the store, with a hint at what helps:
/// room on the disk, or a store in another place.
[[noreturn]] void throw_store_error(int error_number, std::string_view call, std::string_view path);

}  // namespace ibuild::layers
