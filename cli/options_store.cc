#include "cli/options_store.h"

#include "layers/store.h"
#include "sandbox/user_namespace.h"

namespace ibuild::cli {

void StoreOptions::add_to(OptionParser& parser) {
  parser.value("--root", "DIR", root,
               "Directory of the store (default: $IBUILD_ROOT, else per user)");
}

std::string StoreOptions::path() const {
  return root.empty() ? layers::Store::default_path(sandbox::real_uid()) : root;
}

}  // namespace ibuild::cli
