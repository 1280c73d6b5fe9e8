#pragma once

#include <string>

#include "cli/option_parser.h"

namespace ibuild::cli {

/// --root: where images, layers and the cache are kept.
struct StoreOptions {
  std::string root;  // empty: the default for this user

  void add_to(OptionParser& parser);
  /// The host path of the store.
  std::string path() const;
};

}  // namespace ibuild::cli
