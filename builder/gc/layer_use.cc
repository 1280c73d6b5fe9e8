#include "builder/gc/layer_use.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <ctime>

#include "base/fs_at.h"

namespace ibuild::builder {
namespace {

constexpr std::chrono::seconds kUseInterval{3600};

}  // namespace

void note_use(const layers::Store& store, const layers::LayerChain& layers) {
  const auto now = ::time(nullptr);
  for (const auto& layer : layers) {
    // Not the folder: its time tells whether its size has to be found anew.
    const auto index = base::RelPath::exact(layers::layer_folder(layer.diff_id) + "/index");
    const auto status = base::try_lstat_at(store.layers_dir(), index);
    if (!status || now - status->st_mtim.tv_sec < kUseInterval.count()) continue;
    // A layer that cannot be marked is used all the same.
    (void)::utimensat(store.layers_dir().get(), index.str().c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  }
}

}  // namespace ibuild::builder
