#include "cli/options_build.h"

namespace ibuild::cli {

void refuse_unsupported_build_options(OptionParser& parser) {
  using Takes = OptionParser::Takes;

  parser.refuse("--builder", Takes::value, "ibuild has no builder instances; it builds by itself");
  parser.refuse("--policy", Takes::value, "source policies are not known");
  parser.refuse("-v,--volume", Takes::value,
                "directories of the host cannot be mounted into steps");
  // Those that `docker build` takes for the sake of old scripts, and ignores too.
  parser.ignore("--compress", Takes::no_value, "the context is never sent anywhere");
  parser.ignore_false("--rm", "there are no intermediate containers to keep");
  parser.ignore_false("--force-rm", "there are no intermediate containers to keep");
}

}  // namespace ibuild::cli
