#pragma once

#include <memory>
#include <vector>

#include "base/fs_at.h"
#include "base/owner_record.h"
#include "layers/layer_index.h"
#include "layers/tree_view.h"

namespace ibuild::layers {

/// The links and fifos of a chain that belong to others than root, as `root`, which shows the
/// chain, has them: where owners are recorded, these can have no record of their own. Empty where
/// owners are real. `indexes` are those that `view` is of.
/// Throws: SystemError.
std::vector<base::SpecialOwner> special_owners_of(
    const TreeView& view, const std::vector<std::shared_ptr<const LayerIndex>>& indexes,
    const base::DirFd& root);

}  // namespace ibuild::layers
