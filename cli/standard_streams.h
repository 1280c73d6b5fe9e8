#pragma once

namespace ibuild::cli {

/// Opens /dev/null on those of the descriptors 0 to 2 that are closed. Else a file that is opened
/// later would get such a number, and be read as standard input or hold messages.
/// Call it before anything is opened. Does nothing where /dev/null cannot be opened.
void reserve_standard_streams() noexcept;

}  // namespace ibuild::cli
