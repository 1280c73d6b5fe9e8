#pragma once

#include <string>
#include <string_view>

namespace ibuild::sandbox {

/// Body of a short-lived process that tries what a profile needs ("root", "rootless", …) for
/// real, or what the network `private` or an emulator needs ("private", "emulation").
/// Says on standard output what the profile rests on, or what is missing; gives the exit code, 0
/// when the profile is usable. `store`: the host path where steps' roots are to be.
int run_probe(std::string_view profile, const std::string& store);

}  // namespace ibuild::sandbox
