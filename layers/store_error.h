#pragma once

#include <string>
#include <string_view>

namespace ibuild::layers {

/// What helps when a call on a file of the store fails like this: room on the disk, or a store in
/// another place. Empty when nothing is known.
std::string store_hint(int error_number);

/// Throws the base::SystemError of a failed call on a file of the store, with store_hint.
[[noreturn]] void throw_store_error(int error_number, std::string_view call, std::string_view path);

}  // namespace ibuild::layers
