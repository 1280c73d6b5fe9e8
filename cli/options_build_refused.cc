#include "cli/options_build.h"

namespace ibuild::cli {

void refuse_unsupported_build_options(OptionParser& parser) {
  using Takes = OptionParser::Takes;
  const std::string limits =
      "ibuild sets no memory or CPU limits; limit ibuild itself, with systemd-run for instance";
  const std::string attestations = "ibuild makes no attestations";

  parser.refuse("--annotation", Takes::value, "annotations cannot be set; use --label");
  parser.refuse("--attest", Takes::value, attestations);
  parser.refuse_unless("--provenance", {"false", "0"}, attestations);
  parser.refuse_unless("--sbom", {"false", "0"}, attestations);
  parser.refuse("--builder", Takes::value, "ibuild has no builder instances; it builds by itself");
  parser.refuse("--cgroup-parent", Takes::value, "steps get no cgroup of their own");
  parser.refuse("--compress", Takes::no_value, "the context is never sent anywhere");
  parser.refuse("-D,--debug", Takes::no_value, "use --progress=plain to see all there is");
  parser.refuse("--device", Takes::value, "devices of the host cannot be given to steps");
  parser.refuse("--policy", Takes::value, "source policies are not known");
  parser.refuse("--resource", Takes::value, limits);
  parser.refuse("-m,--memory", Takes::value, limits);
  parser.refuse("--memory-swap", Takes::value, limits);
  parser.refuse("-c,--cpu-shares", Takes::value, limits);
  parser.refuse("--cpu-period", Takes::value, limits);
  parser.refuse("--cpu-quota", Takes::value, limits);
  parser.refuse("--cpuset-cpus", Takes::value, limits);
  parser.refuse("--cpuset-mems", Takes::value, limits);
  parser.refuse("--security-opt", Takes::value, "the sandbox of steps is always the same");
  parser.refuse("--squash", Takes::no_value, "layers are not squashed");
  parser.refuse("-v,--volume", Takes::value,
                "directories of the host cannot be mounted into steps");
  // Docker's own meaning: remove intermediate containers. There never are any.
  parser.refuse_unless("--rm", {"", "true"}, "there are no intermediate containers to keep");
  parser.refuse_unless("--force-rm", {"", "true"}, "there are no intermediate containers to keep");
}

}  // namespace ibuild::cli
