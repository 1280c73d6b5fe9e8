#pragma once

#include <string>

namespace ibuild::base {

/// What to do about a thread or program that could not be started, where a filter around us answers
/// clone3(2) with EPERM: the C library takes that for the last word, and falls back on clone(2)
/// after ENOSYS alone. Empty where that is not the cause.
std::string hint_for_refused_clone();

}  // namespace ibuild::base
