#include "cli/options_build.h"

namespace ibuild::cli {

void refuse_unsupported_build_options(OptionParser& parser) {
  using Takes = OptionParser::Takes;

  parser.refuse("--builder", Takes::value, "ibuild has no builder instances; it builds by itself");
  parser.refuse("--compress", Takes::no_value, "the context is never sent anywhere");
  parser.refuse("-D,--debug", Takes::no_value, "use --progress=plain to see all there is");
  parser.refuse("--policy", Takes::value, "source policies are not known");
  parser.refuse("--resource", Takes::value, "use --memory, --cpu-quota and their like");
  parser.refuse("--security-opt", Takes::value, "the sandbox of steps is always the same");
  parser.refuse("-v,--volume", Takes::value,
                "directories of the host cannot be mounted into steps");
  // Docker's own meaning: remove intermediate containers. There never are any.
  parser.refuse_unless("--rm", {"", "true"}, "there are no intermediate containers to keep");
  parser.refuse_unless("--force-rm", {"", "true"}, "there are no intermediate containers to keep");
}

}  // namespace ibuild::cli
