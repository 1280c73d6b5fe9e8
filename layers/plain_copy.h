#pragma once

#include <set>
#include <stop_token>

#include "base/fs_at.h"
#include "layers/layer.h"
#include "layers/layer_store.h"
#include "layers/tree_view.h"

namespace ibuild::layers {

/// Fills an empty directory with what a chain of layers shows: copies that share their blocks with
/// the layers' trees where the file system can. Each name of a file becomes a file of its own, as
/// overlayfs has it as soon as one of them is written to.
/// Gives the paths of devices that could not be made here. Throws: SystemError, CancelledError.
std::set<base::RelPath> copy_chain(const LayerChain& chain, const TreeView& view,
                                   const LayerStore& layers, const base::DirFd& into,
                                   const std::stop_token& stop);

/// Gives each directory in `root` the time that the chain has for it: things that came and went
/// have changed it, and no layer tells.
void settle_directory_times(const TreeView& view, const base::DirFd& root);

}  // namespace ibuild::layers
