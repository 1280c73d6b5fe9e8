#include "layers/special_owners.h"

#include "base/parent_at.h"

namespace ibuild::layers {

namespace {

bool is_special(EntryType type) { return type == EntryType::symlink || type == EntryType::fifo; }

/// What is copied up keeps its number, and gets another time of birth.
base::SpecialOwner owner_of(const LayerEntry& entry, const base::DirFd& root) {
  const base::ParentAt place(root, entry.path);
  base::SpecialOwner owner{base::identity_of(place.fd(), place.name()),
                           {.uid = entry.uid, .gid = entry.gid}};
  owner.file.born_ns = 0;
  return owner;
}

}  // namespace

std::vector<base::SpecialOwner> special_owners_of(
    const TreeView& view, const std::vector<std::shared_ptr<const LayerIndex>>& indexes,
    const base::DirFd& root) {
  std::vector<base::SpecialOwner> owners;
  if (!base::must_record_owners()) return owners;
  for (const auto& index : indexes) {
    for (std::size_t i = 0; i < index->size(); ++i) {
      if (!is_special(index->type_at(i))) continue;
      const LayerEntry& entry = index->at(i);
      if (entry.uid == 0 && entry.gid == 0) continue;
      const auto shown = view.lookup(entry.path);
      if (shown && shown->entry == &entry) owners.push_back(owner_of(entry, root));
    }
  }
  return owners;
}

}  // namespace ibuild::layers
