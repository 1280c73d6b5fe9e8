// DestinationTree: what the layers below have already is no part of the new one, as with BuildKit,
// which compares what a step wrote with what was there.
#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "builder/ops/destination_tree.h"
#include "layers/entry_metadata.h"
#include "layers/xattr_policy.h"

namespace ibuild::builder {
namespace {

using layers::EntryType;
using layers::LayerEntry;

std::string_view capability_of(const LayerEntry& entry) {
  const auto found =
      std::find_if(entry.xattrs.begin(), entry.xattrs.end(),
                   [](const base::Xattr& xattr) { return layers::is_stored_xattr(xattr.name); });
  return found == entry.xattrs.end() ? std::string_view() : std::string_view(found->value);
}

/// The same in everything but the bytes. Times of directories say nothing, nor do parts of a
/// second.
bool differs_in_bytes_alone(const LayerEntry& entry, const LayerEntry& below) {
  using std::chrono::seconds;
  const auto second = [](const LayerEntry& e) { return std::chrono::floor<seconds>(e.mtime); };
  return layers::has_same_metadata(entry, below) && capability_of(entry) == capability_of(below) &&
         (entry.type == EntryType::directory || second(entry) == second(below));
}

/// Only directories of their own are in the way of others: what is just a file of a source is none.
bool makes_directory(const AddedEntries::View& added) {
  return added.entry != nullptr && added.entry->type == EntryType::directory;
}

/// Of a directory that exists only as the parent of something.
LayerEntry implied_directory() {
  LayerEntry entry;
  entry.type = EntryType::directory;
  entry.mode = 0755;
  return entry;
}

}  // namespace

bool DestinationTree::is_in_parent_already(const base::RelPath& path,
                                           const AddedEntries::View& added,
                                           const ParentOpener& opener) const {
  const auto node = below(path);
  if (!node || (added.link && link_facts_.contains(*added.link))) return false;
  const LayerEntry entry = entry_of(path, added);
  if (!differs_in_bytes_alone(entry, node->entry != nullptr ? *node->entry : implied_directory()))
    return false;
  if (entry.type != EntryType::file || entry.size_bytes == 0) return true;
  if (!entry.content) return false;
  if (node->entry->content) return *entry.content == *node->entry->content;
  base::HashingSink hashed;
  base::copy_stream(*opener(*node), hashed);
  return *entry.content == base::Sha256Value(hashed.finish());
}

/// Names of one file stay together: those that are several are left as they are.
void DestinationTree::leave_out_unchanged_files(const ParentOpener& opener,
                                                const std::stop_token& stop) {
  std::vector<AddedEntries::Position> unchanged;
  std::map<LinkKey, std::size_t> names;
  for (auto at = added_.begin(); at != added_.end(); at = added_.next(at)) {
    if (stop.stop_requested()) throw base::CancelledError();
    const auto added = added_.view(at);
    if (makes_directory(added)) continue;
    const auto path = added_.path(at);
    if (!below(path) || is_hidden(path.parent())) continue;
    if (!is_in_parent_already(path, added, opener)) continue;
    unchanged.push_back(at);
    if (added.link) names.emplace(*added.link, 0);
  }
  if (!names.empty()) {
    for (auto at = added_.begin(); at != added_.end(); at = added_.next(at)) {
      const auto link = added_.view(at).link;
      const auto found = link ? names.find(*link) : names.end();
      if (found != names.end()) ++found->second;
    }
    std::erase_if(unchanged, [&](const auto at) {
      const auto link = added_.view(at).link;
      return link && names.at(*link) > 1;
    });
  }
  for (const auto at : unchanged) hidden_.erase(added_.path(at));
  added_.erase(unchanged);
}

void DestinationTree::leave_out_unchanged(const ParentOpener& opener, std::stop_token stop) {
  leave_out_unchanged_files(opener, stop);
  // From the last to the first: what a directory holds comes before the directory itself.
  std::vector<AddedEntries::Position> unchanged;
  std::optional<base::RelPath> next;  // that stays
  for (auto at = added_.end(); at != added_.begin();) {
    at = added_.previous(at);
    auto path = added_.path(at);
    const auto added = added_.view(at);
    const bool holds_something = next && next->is_within(path);
    if (!holds_something && makes_directory(added) && !is_hidden(path) &&
        is_in_parent_already(path, added, opener)) {
      unchanged.push_back(at);
    } else {
      next = std::move(path);
    }
  }
  std::reverse(unchanged.begin(), unchanged.end());
  added_.erase(unchanged);
}

}  // namespace ibuild::builder
