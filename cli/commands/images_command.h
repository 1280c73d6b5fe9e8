#pragma once

#include "cli/command.h"

namespace ibuild::cli {

/// `ibuild images`: the images of the store.
int run_images(Arguments arguments, CommandContext& context);

}  // namespace ibuild::cli
