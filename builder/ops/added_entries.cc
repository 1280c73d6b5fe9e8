#include "builder/ops/added_entries.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ibuild::builder {
namespace {

constexpr std::uint32_t kOwn = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kChunkSlots = 512;

}  // namespace

AddedEntries::Position AddedEntries::next(Position at) const {
  if (++at.slot < chunks_[at.chunk].size()) return at;
  return {at.chunk + 1, 0};
}

AddedEntries::Position AddedEntries::previous(Position at) const {
  if (at.slot > 0) return {at.chunk, at.slot - 1};
  return {at.chunk - 1, chunks_[at.chunk - 1].size() - 1};
}

const std::string& AddedEntries::text(const Slot& slot) const {
  if (slot.files == kOwn) return own_[slot.place].path.str();
  const auto& [entries, root, target, content] = files_[slot.files];
  const std::string& directory = entries.directory(slot.place).str();
  text_ = target.str();
  const auto append = [&](std::string_view part) {
    if (!text_.empty()) text_ += '/';
    text_ += part;
  };
  if (directory.size() > root.str().size())
    append(std::string_view(directory).substr(root.is_root() ? 0 : root.str().size() + 1));
  append(entries.name(slot.place));
  return text_;
}

AddedEntries::Position AddedEntries::lower_bound(const base::RelPath& path) const {
  const auto is_before = [&](const Slot& slot) {
    return layers::compare_walk_order(text(slot), path.str()) < 0;
  };
  // Most come in their order.
  if (chunks_.empty() || is_before(chunks_.back().back())) return end();
  const auto chunk = std::partition_point(
      chunks_.begin(), chunks_.end(), [&](const Chunk& chunk) { return is_before(chunk.back()); });
  const auto slot = std::partition_point(chunk->begin(), chunk->end(), is_before);
  return {static_cast<std::size_t>(chunk - chunks_.begin()),
          static_cast<std::size_t>(slot - chunk->begin())};
}

bool AddedEntries::stands_at(Position at, const base::RelPath& path) const {
  return at != end() && text(slot(at)) == path.str();
}

std::optional<AddedEntries::Position> AddedEntries::find(const base::RelPath& path) const {
  const Position at = lower_bound(path);
  return stands_at(at, path) ? std::optional(at) : std::nullopt;
}

base::RelPath AddedEntries::path(Position at) const { return base::RelPath::exact(text(slot(at))); }

AddedEntries::View AddedEntries::view(Position at) const {
  const Slot& slot = this->slot(at);
  if (slot.files != kOwn) {
    const auto& files = files_[slot.files];
    return {nullptr, SourceRef(files.entries, slot.place), &files.content, nullptr, std::nullopt};
  }
  const Added& added = own_[slot.place].added;
  return {added.entry.get(), added.source, added.content, added.copied_from.get(), added.link};
}

AddedEntries::Added& AddedEntries::edit(Position at) {
  Slot& slot = this->slot(at);
  if (slot.files != kOwn) {
    const View seen = view(at);
    Added added;
    added.source = seen.source;
    added.content = seen.content;
    slot = add_own(path(at), std::move(added));
  }
  return own_[slot.place].added;
}

AddedEntries::Slot AddedEntries::add_own(const base::RelPath& path, Added added) {
  own_.push_back({path, std::move(added)});
  return {kOwn, static_cast<std::uint32_t>(own_.size() - 1)};
}

void AddedEntries::put(const base::RelPath& path, Added added) {
  const Position at = lower_bound(path);
  if (!stands_at(at, path)) return insert(at, add_own(path, std::move(added)));
  release(at);
  slot(at) = add_own(path, std::move(added));
}

void AddedEntries::put_new(const base::RelPath& path, Added added) {
  const Position at = lower_bound(path);
  if (!stands_at(at, path)) insert(at, add_own(path, std::move(added)));
}

std::uint32_t AddedEntries::begin_files(PlacedFiles files) {
  files_.push_back(std::move(files));
  return static_cast<std::uint32_t>(files_.size() - 1);
}

void AddedEntries::put_file(const base::RelPath& path, std::uint32_t files, std::size_t place) {
  const Position at = lower_bound(path);
  const Slot file{files, static_cast<std::uint32_t>(place)};
  if (!stands_at(at, path)) return insert(at, file);
  release(at);
  slot(at) = file;
}

void AddedEntries::insert(Position at, Slot slot) {
  if (at == end()) {
    if (chunks_.empty() || chunks_.back().size() == kChunkSlots)
      chunks_.emplace_back().reserve(kChunkSlots);
    chunks_.back().push_back(slot);
    return;
  }
  if (chunks_[at.chunk].size() == kChunkSlots) {
    const auto next = chunks_.emplace(chunks_.begin() + static_cast<std::ptrdiff_t>(at.chunk) + 1);
    next->reserve(kChunkSlots);
    Chunk& full = chunks_[at.chunk];
    const auto middle = full.begin() + kChunkSlots / 2;
    next->assign(middle, full.end());
    full.erase(middle, full.end());
    if (at.slot > full.size()) at = {at.chunk + 1, at.slot - full.size()};
  }
  Chunk& chunk = chunks_[at.chunk];
  chunk.insert(chunk.begin() + static_cast<std::ptrdiff_t>(at.slot), slot);
}

void AddedEntries::erase_within(const base::RelPath& path) {
  std::vector<Position> found;
  for (auto at = lower_bound(path); at != end() && this->path(at).is_within(path); at = next(at))
    found.push_back(at);
  if (!found.empty()) erase(found);
}

void AddedEntries::erase(std::span<const Position> positions) {
  while (!positions.empty()) {
    const std::size_t number = positions.front().chunk;
    Chunk& chunk = chunks_[number];
    std::size_t kept = positions.front().slot;
    for (std::size_t i = kept; i < chunk.size(); ++i) {
      if (!positions.empty() && positions.front() == Position{number, i}) {
        release(chunk[i]);
        positions = positions.subspan(1);
      } else {
        chunk[kept++] = chunk[i];
      }
    }
    chunk.resize(kept);
  }
  drop_empty_chunks();
}

void AddedEntries::drop_empty_chunks() {
  std::erase_if(chunks_, [](const Chunk& chunk) { return chunk.empty(); });
}

void AddedEntries::release(Position at) { release(slot(at)); }

void AddedEntries::release(const Slot& slot) {
  if (slot.files == kOwn) own_[slot.place].added = {};
}

void AddedEntries::clear() {
  chunks_.clear();
  files_.clear();
  own_.clear();
}

}  // namespace ibuild::builder
