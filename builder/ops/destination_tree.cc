#include "builder/ops/destination_tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/scope_exit.h"
#include "base/text.h"
#include "builder/tree/link_walk.h"

namespace ibuild::builder {
namespace {

using layers::EntryType;
using layers::LayerEntry;

constexpr std::string_view kWhiteoutPrefix = ".wh.";

std::string shown(const base::RelPath& path) { return base::printable(path.absolute()); }

}  // namespace

bool DestinationTree::is_hidden(const base::RelPath& path) const {
  if (hidden_.empty()) return false;
  for (base::RelPath at = path;; at = at.parent()) {
    if (hidden_.contains(at)) return true;
    if (at.is_root()) return false;
  }
}

std::optional<layers::TreeView::Node> DestinationTree::in_parent(const base::RelPath& path) const {
  return is_hidden(path) ? std::nullopt : below(path);
}

std::optional<layers::TreeView::Node> DestinationTree::below(const base::RelPath& path) const {
  if (path.is_root()) return parent_.root().node();
  const auto* directory = open_in_parent(path.parent());
  return directory != nullptr ? directory->child(path.name()) : std::nullopt;
}

const layers::TreeView::Directory* DestinationTree::open_in_parent(
    const base::RelPath& path) const {
  if (missing_ == path) return nullptr;
  while (!opened_.empty() && !path.is_within(opened_.back().node().path)) opened_.pop_back();
  if (opened_.empty()) opened_.push_back(parent_.root());
  const auto parts = path.components();
  // One is open for the root and for each component that was gone down.
  for (std::size_t i = opened_.size() - 1; i < parts.size(); ++i) {
    auto next = opened_.back().subdirectory(parts[i]);
    if (!next) {
      missing_ = path;
      return nullptr;
    }
    opened_.push_back(*std::move(next));
  }
  return &opened_.back();
}

const LayerEntry* DestinationTree::lookup(const base::RelPath& path) const {
  if (const auto at = added_.find(path)) {
    const auto added = added_.view(*at);
    if (added.entry != nullptr) return added.entry;
    looked_up_ = entry_of(path, added);
    return &looked_up_;
  }
  const auto node = in_parent(path);
  if (!node) return nullptr;
  if (node->entry != nullptr) return node->entry;
  looked_up_ = {};
  looked_up_.path = path;
  looked_up_.type = EntryType::directory;
  looked_up_.mode = 0755;
  return &looked_up_;
}

bool DestinationTree::is_directory(const base::RelPath& path) const {
  const auto* entry = lookup(path);
  return entry != nullptr && entry->type == EntryType::directory;
}

base::RelPath DestinationTree::resolve(const base::RelPath& path, const base::RelPath& root) const {
  const auto look = [&](const base::RelPath& at) -> std::optional<PathKind> {
    const auto* entry = lookup(root.join(at.str()));
    if (entry == nullptr) return std::nullopt;
    PathKind kind{entry->type == EntryType::directory, std::nullopt};
    if (entry->type == EntryType::symlink) kind.link_target = entry->link_target;
    return kind;
  };
  return root.join(follow_links(path, look, LastLink::follow, Missing::is_taken)->str());
}

base::TimePoint DestinationTree::clamp(base::TimePoint time) const {
  return rules_.latest_time ? std::min(time, *rules_.latest_time) : time;
}

void DestinationTree::add(LayerEntry entry) {
  entry.mtime = clamp(entry.mtime);
  const base::RelPath path = entry.path;
  Added added;
  added.entry = std::make_unique<LayerEntry>(std::move(entry));
  added_.put(path, std::move(added));
}

void DestinationTree::make_directories(const base::RelPath& path, MadeBy by) {
  if (const auto* entry = lookup(path)) {
    if (entry->type == EntryType::directory) return;
    throw base::UsageError("cannot make directory " + shown(path) +
                           ": what stands there is not a directory");
  }
  make_directories(path.parent(), by);
  LayerEntry entry;
  entry.path = path;
  entry.type = EntryType::directory;
  entry.mode = by == MadeBy::instruction ? rules_.made_directory_mode : 0755;
  if (const auto* above = lookup(path.parent()); above != nullptr && (above->mode & S_ISGID) != 0) {
    entry.mode |= S_ISGID;  // as the kernel does
    entry.gid = above->gid;
  }
  if (rules_.chown && by != MadeBy::archive) {
    entry.uid = rules_.chown->uid;
    entry.gid = rules_.chown->gid;
  }
  entry.mtime = rules_.made_directory_time;
  add(std::move(entry));
}

void DestinationTree::set_time(const base::RelPath& path, base::TimePoint mtime) {
  const auto* directory = lookup(path);
  if (directory == nullptr) return;
  LayerEntry entry = *directory;
  entry.path = path;
  entry.mtime = mtime;
  add(std::move(entry));
}

LayerEntry DestinationTree::apply_rules(const base::RelPath& path, const SourceFile& source) const {
  LayerEntry entry = source.entry;
  entry.path = path;
  if (rules_.chown) {
    entry.uid = rules_.chown->uid;
    entry.gid = rules_.chown->gid;
  }
  if (rules_.chmod && entry.type != EntryType::symlink) {
    entry.mode = rules_.chmod->apply(entry.mode, entry.type == EntryType::directory);
  }
  return entry;
}

LayerEntry DestinationTree::entry_of(const base::RelPath& path,
                                     const AddedEntries::View& added) const {
  return added.entry != nullptr ? *added.entry : of_source(path, added.source.load());
}

LayerEntry DestinationTree::of_source(const base::RelPath& path, const SourceFile& source) const {
  LayerEntry entry = apply_rules(path, source);
  entry.mtime = clamp(entry.mtime);
  return entry;
}

void DestinationTree::put_directory(const base::RelPath& path, const SourceFile& source) {
  const auto* old = lookup(path);
  if (old != nullptr && old->type != EntryType::directory) {
    throw base::UsageError("cannot copy to non-directory: " + shown(path));
  }
  add(apply_rules(path, source));
}

void DestinationTree::pass_directory(const base::RelPath& path, const SourceFile& source) {
  const auto* old = lookup(path);
  if (old == nullptr) return put_directory(path, source);
  if (old->type != EntryType::directory)
    throw base::UsageError("cannot copy to non-directory: " + shown(path));
  LayerEntry entry = *old;
  entry.path = path;
  entry.mode = source.entry.mode;
  add(std::move(entry));
}

void DestinationTree::refuse_directory(const base::RelPath& path) const {
  if (is_directory(path))
    throw base::UsageError("cannot replace directory " + shown(path) + " with a file");
}

void DestinationTree::put_file(const base::RelPath& path, const SourceRef& source,
                               const ContentSource& content, std::optional<LinkKey> link) {
  refuse_directory(path);
  Added added;
  added.source = source;
  added.content = &content;
  added.link = link;
  added_.put(path, std::move(added));
}

void DestinationTree::put_file(const base::RelPath& path, std::uint32_t files, std::size_t place) {
  refuse_directory(path);
  added_.put_file(path, files, place);
}

void DestinationTree::put_entry(LayerEntry entry, const SourceRef& source,
                                const ContentSource& content) {
  const auto* old = lookup(entry.path);
  const bool merges =
      old != nullptr && old->type == EntryType::directory && entry.type == EntryType::directory;
  if (old != nullptr && !merges) remove(entry.path);
  if (rules_.chown) {
    entry.uid = rules_.chown->uid;
    entry.gid = rules_.chown->gid;
  }
  entry.mtime = clamp(entry.mtime);
  const base::RelPath path = entry.path;
  Added added;
  added.entry = std::make_unique<LayerEntry>(std::move(entry));
  added.source = source;
  added.content = &content;
  added_.put(path, std::move(added));
}

void DestinationTree::tell_of_link(const LinkKey& link, const LayerEntry& entry) {
  LayerEntry& facts = link_facts_[link] = entry;
  facts.mtime = clamp(facts.mtime);
  if (!rules_.chown) return;
  facts.uid = rules_.chown->uid;
  facts.gid = rules_.chown->gid;
}

void DestinationTree::apply_link_facts(const LinkKey& link, LayerEntry& entry) const {
  const auto found = link_facts_.find(link);
  if (found == link_facts_.end()) return;
  const LayerEntry& facts = found->second;
  entry.mode = facts.mode;
  entry.uid = facts.uid;
  entry.gid = facts.gid;
  entry.mtime = facts.mtime;
}

bool DestinationTree::put_hard_link(const LayerEntry& entry, const base::RelPath& target) {
  const base::RelPath path = entry.path;
  const auto* file = lookup(target);
  if (file == nullptr || file->type == EntryType::directory) return false;
  if (path == target) return true;
  Added added;
  added.entry = std::make_unique<LayerEntry>(*file);
  if (file->type == EntryType::file) {
    auto at = added_.find(target);
    if (!at) {
      // The file itself joins the layer: a link cannot name what lies in a layer below.
      Added copy;
      copy.entry = std::make_unique<LayerEntry>(*file);
      copy.entry->path = target;
      copy.copied_from = std::make_unique<base::RelPath>(target);
      added_.put(target, std::move(copy));
      at = added_.find(target);
    }
    Added& first = added_.edit(*at);
    if (!first.link) first.link = LinkKey{~0ULL, next_link_++};
    added.source = first.source;
    added.content = first.content;
    if (first.copied_from) added.copied_from = std::make_unique<base::RelPath>(*first.copied_from);
    added.link = first.link;
    tell_of_link(*added.link, entry);
  }
  if (lookup(path) != nullptr) remove(path);
  added.entry->path = path;
  added_.put(path, std::move(added));
  return true;
}

void DestinationTree::remove(const base::RelPath& path) {
  if (in_parent(path)) hidden_.insert(path);
  added_.erase_within(path);
}

void DestinationTree::add_parents() {
  Paths missing;
  std::optional<base::RelPath> last;  // that of the entry before has its parents
  for (auto at = added_.begin(); at != added_.end(); at = added_.next(at)) {
    auto parent = added_.path(at).parent();
    if (parent == last) continue;
    last = parent;
    for (; !parent.is_root() && !added_.find(parent); parent = parent.parent()) {
      if (!missing.insert(parent).second) break;
    }
  }
  for (const auto& path : missing) {
    const auto* entry = lookup(path);
    Added parent;
    parent.entry = std::make_unique<LayerEntry>(entry != nullptr ? *entry : LayerEntry());
    parent.entry->path = path;
    added_.put(path, std::move(parent));
  }
}

void DestinationTree::add_whiteouts() {
  const auto whiteout = [&](const base::RelPath& path) {
    Added added;
    added.entry = std::make_unique<LayerEntry>();
    added.entry->path = path;
    added.entry->type = EntryType::whiteout;
    added_.put_new(path, std::move(added));  // an entry that stands there hides as well
  };
  for (const auto& path : hidden_) {
    const auto replacement = added_.find(path);
    if (!replacement) {
      whiteout(path);
    } else if (const auto* entry = added_.view(*replacement).entry;
               entry != nullptr && entry->type == EntryType::directory) {
      for (const auto& node : parent_.children(path)) whiteout(node.path);
    }
  }
}

void DestinationTree::write(layers::LayerBuilder& out, const ParentOpener& opener,
                            const std::function<void(std::string)>& warn, std::stop_token stop) {
  add_whiteouts();
  add_parents();
  hidden_.clear();
  std::map<LinkKey, base::RelPath> first_names;
  std::optional<base::RelPath> left_out;
  for (auto at = added_.begin(); at != added_.end(); at = added_.next(at)) {
    const auto path = added_.path(at);
    const auto added = added_.view(at);
    const base::ScopeExit done(
        [&] { added_.release(at); });  // its memory is free for what is written
    if (stop.stop_requested()) throw base::CancelledError();
    if (path.is_root() || (left_out && path.is_within(*left_out))) continue;
    if (path.name().starts_with(kWhiteoutPrefix)) {
      warn(shown(path) +
           " is left out: names that begin with .wh. mean deletions in an image layer");
      left_out = path;
      continue;
    }
    const auto source = added.source ? std::optional(added.source.load()) : std::nullopt;
    LayerEntry entry = added.entry != nullptr ? *added.entry : of_source(path, *source);
    if (entry.type == EntryType::file && added.link) {
      apply_link_facts(*added.link, entry);
      const auto [first, is_new] = first_names.emplace(*added.link, path);
      if (!is_new) {
        entry.type = EntryType::hardlink;
        entry.link_target = first->second.str();
        entry.size_bytes = 0;
        entry.content.reset();
      }
    }
    const auto bytes = entry.type == EntryType::file ? open_bytes(added, source, opener) : nullptr;
    out.add(std::move(entry), bytes.get());
  }
  added_.clear();
}

std::unique_ptr<base::ByteSource> DestinationTree::open_bytes(
    const AddedEntries::View& added, const std::optional<SourceFile>& source,
    const ParentOpener& opener) const {
  if (added.content != nullptr) return added.content->open(*source);
  return opener(*parent_.lookup(*added.copied_from));
}

}  // namespace ibuild::builder
