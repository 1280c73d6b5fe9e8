#pragma once

#include <string>

#include "tests/e2e/support/machine.h"

namespace ibuild::e2e {

/// A Dockerfile with one of each kind of thing that a step may do to its files.
extern const char* const kEveryStep;

/// Its context.
void put_context_of_every_step(Machine& machine);

}  // namespace ibuild::e2e
