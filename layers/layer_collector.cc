// See: image-spec/layer.md, "Applying Changesets" and "Whiteouts".
#include "layers/layer_collector.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "layers/tar_format.h"

namespace ibuild::layers {

namespace {

/// Entries in one layer; the largest images known have some hundred thousand.
constexpr std::size_t kMaxEntries = 4'000'000;
constexpr int kMaxLinks = 255;

bool is_below(std::string_view path, std::string_view ancestor) {
  if (ancestor.empty()) return !path.empty();
  return path.size() > ancestor.size() && path.starts_with(ancestor) &&
         path[ancestor.size()] == '/';
}

[[noreturn]] void refuse(const base::RelPath& path, std::string_view why) {
  throw base::ContentError("\"" + base::printable(path.absolute()) + "\" " + std::string(why));
}

}  // namespace

const LayerEntry& LayerCollector::add(LayerEntry entry) {
  if (slots_.size() + markers_.size() >= kMaxEntries) {
    throw base::ContentError("the layer has more than " + std::to_string(kMaxEntries) + " entries");
  }
  if (entry.type == EntryType::whiteout || entry.type == EntryType::opaque) {
    return add_marker(std::move(entry));
  }
  if (entry.path.is_root() && entry.type != EntryType::directory)
    refuse(entry.path, "must be a directory");
  entry.path = real_path(entry.path);
  Slot& slot = slots_.emplace_back(Slot{std::move(entry)});
  if (slot.entry.type == EntryType::hardlink) resolve_hard_link(slot);
  replace_at(slot.entry.path, slot.entry.type);
  // Most tars are sorted, so the end is the place to try first.
  live_.emplace_hint(live_.end(), slot.entry.path.str(), slots_.size() - 1);
  return slot.entry;
}

const LayerEntry& LayerCollector::add_marker(LayerEntry marker) {
  if (marker.type == EntryType::whiteout) {
    if (marker.path.is_root()) refuse(marker.path, "cannot be deleted");
    marker.path = real_path(marker.path);
    whiteouts_[marker.path.str()] = marker.mtime;
  } else {
    marker.path = real_parent(marker.path);
    opaque_.insert(marker.path.str());
  }
  return markers_.emplace_back(std::move(marker));
}

base::RelPath LayerCollector::real_path(const base::RelPath& path) {
  if (path.is_root()) return path;
  base::RelPath parent = path.parent();
  if (!last_parent_is_valid_ || parent != last_parent_) {
    last_real_parent_ = real_parent(parent);
    last_parent_ = std::move(parent);
    last_parent_is_valid_ = true;
  }
  return last_real_parent_ == last_parent_ ? path : last_real_parent_.join(path.name());
}

/// The directory that `parent` means at this point of the layer.
base::RelPath LayerCollector::real_parent(const base::RelPath& parent) {
  if (parent.is_root()) return parent;
  const auto known = live_.find(parent.str());
  if (known != live_.end() && slots_[known->second].entry.type == EntryType::directory) {
    return parent;
  }
  return follow(parent);
}

base::RelPath LayerCollector::follow(const base::RelPath& path) const {
  std::vector<std::string> pending;  // components still to be walked, the next one last
  auto push = [&](std::string_view text) {
    const auto parts = base::split(text, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      if (!part->empty() && *part != ".") pending.emplace_back(*part);
    }
  };
  push(path.str());
  base::RelPath reached;
  int links = 0;
  while (!pending.empty()) {
    const std::string name = std::move(pending.back());
    pending.pop_back();
    if (name == "..") {
      reached = reached.parent();
      continue;
    }
    base::RelPath next = reached.join(name);
    const auto found = live_.find(next.str());
    const LayerEntry* entry = found == live_.end() ? nullptr : &slots_[found->second].entry;
    if (entry == nullptr || entry->type == EntryType::directory) {
      reached = std::move(next);
    } else if (entry->type != EntryType::symlink) {
      refuse(path,
             "lies below \"" + base::printable(next.absolute()) + "\", which is no directory");
    } else {
      if (++links > kMaxLinks) refuse(path, "lies below too many symbolic links");
      if (entry->link_target.starts_with('/')) reached = {};
      push(entry->link_target);
    }
  }
  if (reached.str().size() > kMaxPathBytes) refuse(path, "leads to a path that is too long");
  return reached;
}

void LayerCollector::resolve_hard_link(Slot& slot) {
  const base::RelPath target = real_path(base::RelPath::exact(slot.entry.link_target));
  const auto found = live_.find(target.str());
  if (found == live_.end()) {
    refuse(slot.entry.path, "is a hard link to \"" + base::printable(target.absolute()) +
                                "\", which this layer does not hold before it");
  }
  const Slot& named = slots_[found->second];
  if (named.entry.type == EntryType::directory) {
    refuse(slot.entry.path, "is a hard link to a directory");
  }
  if (named.entry.path == slot.entry.path) refuse(slot.entry.path, "is a hard link to itself");
  const bool is_link = named.entry.type == EntryType::hardlink;
  if (!is_link && named.entry.type != EntryType::file) {
    base::RelPath path = std::move(slot.entry.path);
    slot.entry = named.entry;
    slot.entry.path = std::move(path);
    return;
  }
  slot.file = is_link ? named.file : found->second;
  slot.entry.link_target = target.str();
}

bool LayerCollector::has_live_below(std::string_view path) const {
  const auto next = live_.upper_bound(path);
  return next != live_.end() && is_below(next->first, path);
}

/// Takes away what an entry of this type at `path` replaces.
void LayerCollector::replace_at(const base::RelPath& path, EntryType type) {
  if (type != EntryType::directory) {
    auto next = live_.upper_bound(path.str());
    while (next != live_.end() && is_below(next->first, path.str())) next = live_.erase(next);
    last_parent_is_valid_ = last_parent_is_valid_ && last_real_parent_ != path &&
                            !is_below(last_real_parent_.str(), path.str());
  }
  const auto old = live_.find(path.str());
  if (old == live_.end()) return;
  // A directory takes the place of a link: what was below the link's target stays there.
  if (slots_[old->second].entry.type == EntryType::symlink) last_parent_is_valid_ = false;
  live_.erase(old);
}

/// Where the file of a hard link was replaced later, the first link takes the file's bytes over.
std::map<std::size_t, std::size_t> LayerCollector::settle_hard_links() {
  std::map<std::size_t, std::size_t> heir_of;  // slot of a lost file → slot that has its bytes now
  std::map<std::size_t, std::size_t> inherits;
  for (const auto& [path, number] : live_) {
    Slot& slot = slots_[number];
    if (slot.entry.type != EntryType::hardlink) continue;
    const LayerEntry& file = slots_[slot.file].entry;
    const auto live = live_.find(file.path.str());
    if (live != live_.end() && live->second == slot.file) {
      slot.entry.link_target = file.path.str();
    } else if (const auto [heir, is_first] = heir_of.emplace(slot.file, number); is_first) {
      inherits.emplace(number, slot.file);
    } else {
      slot.entry.link_target = slots_[heir->second].entry.path.str();
    }
  }
  return inherits;
}

/// True when something of this layer that is no directory, or a deletion, stands above `path`.
bool LayerCollector::hides(std::string_view path) const {
  for (auto slash = path.rfind('/'); slash != std::string_view::npos; slash = path.rfind('/')) {
    path = path.substr(0, slash);
    const auto found = live_.find(path);
    if (found != live_.end()) return slots_[found->second].entry.type != EntryType::directory;
    if (has_live_below(path)) return false;
    if (whiteouts_.contains(std::string(path))) return true;
  }
  return false;
}

void LayerCollector::settle_whiteouts(std::vector<LayerEntry>& entries) {
  for (const auto& [path, mtime] : whiteouts_) {
    if (hides(path)) continue;
    const auto found = live_.find(path);
    const bool is_there = found != live_.end();
    if (is_there && slots_[found->second].entry.type != EntryType::directory) continue;
    LayerEntry entry;
    entry.path = base::RelPath::exact(path);
    if (is_there) {
      opaque_.insert(path);
    } else if (has_live_below(path)) {  // deleted below, made again here without an entry
      entry.type = EntryType::directory;
      entry.mode = 0755;
      opaque_.insert(path);
      entries.push_back(std::move(entry));
    } else {
      entry.type = EntryType::whiteout;
      entry.mtime = mtime;
      opaque_.erase(path);
      entries.push_back(std::move(entry));
    }
  }
}

void LayerCollector::settle_opaque_marks(std::vector<LayerEntry>& entries) const {
  for (const std::string& path : opaque_) {
    const auto found = live_.find(path);
    const bool is_directory =
        found == live_.end() || slots_[found->second].entry.type == EntryType::directory;
    if (!is_directory || hides(path)) continue;
    LayerEntry entry;
    entry.path = base::RelPath::exact(path);
    entry.type = EntryType::opaque;
    entries.push_back(std::move(entry));
  }
}

LayerIndex LayerCollector::finish(TarOrigin origin) {
  const auto inherits = settle_hard_links();
  std::vector<LayerEntry> entries;
  entries.reserve(live_.size() + whiteouts_.size() + opaque_.size());
  settle_whiteouts(entries);
  settle_opaque_marks(entries);
  for (const auto& [path, number] : live_) {
    const auto lost_file = inherits.find(number);
    if (lost_file == inherits.end()) {
      entries.push_back(std::move(slots_[number].entry));  // live_'s keys are not compared again
    } else {
      LayerEntry file = slots_[lost_file->second].entry;
      file.path = slots_[number].entry.path;
      entries.push_back(std::move(file));
    }
  }
  return LayerIndex(std::move(entries), origin);
}

}  // namespace ibuild::layers
