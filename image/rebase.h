#pragma once

#include <string>
#include <vector>

#include "image/config.h"

namespace ibuild::image {

/// An image as a rebase looks at it. `config` has its diff-ids and history.
struct RebasePart {
  std::string name;  // for messages
  ImageConfig config;
};

struct RebasedConfig {
  ImageConfig config;
  /// Values that both the image and the new base have set anew, so that the image's was kept:
  /// "env PATH", "label version", "user".
  std::vector<std::string> kept;
};

/// The config of `image` as if its steps had been taken on `new_base` in place of `old_base`: the
/// layers and history of the new base, then the image's own. A value that the image has as the old
/// base has it is the new base's, another one stays. CMD stays with an ENTRYPOINT of the image's.
/// Pure; the same inputs give the same config.
/// Throws: base::Error that says why it is not sure that `image` was made on `old_base` (layers,
/// history), or would be the same on `new_base` (platform, ONBUILD).
RebasedConfig rebase_config(const RebasePart& image, const RebasePart& old_base,
                            const RebasePart& new_base);

}  // namespace ibuild::image
