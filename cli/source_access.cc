#include "cli/source_access.h"

namespace ibuild::cli {

SourceAccess::SourceAccess(const layers::Store& store, const Options& options)
    : fetcher_(options.registry.resolve()),
      files_(
          {.fetcher = fetcher_, .store = store, .secrets = options.secrets, .warn = options.warn}),
      git_(store, {.secrets = options.secrets, .ssh = options.ssh}) {}

}  // namespace ibuild::cli
