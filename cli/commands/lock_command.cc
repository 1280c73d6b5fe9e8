#include "cli/commands/lock_command.h"

#include "cli/commands/build_command.h"

namespace ibuild::cli {

int run_lock(Arguments arguments, CommandContext& context) {
  // A build finds all that it needs, and what it makes stays in the cache for the next one.
  const BuildVariant variant{
      .command = "ibuild lock",
      .about =
          "Builds into the cache with the newest versions of all sources, and writes these "
          "versions to ibuild.lock for `ibuild build --locked`",
      .options = {"--write-lock", "--pull", "--output", "type=cacheonly"}};
  return run_build_variant(variant, arguments, context);
}

}  // namespace ibuild::cli
