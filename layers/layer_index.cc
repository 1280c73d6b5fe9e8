#include "layers/layer_index.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "layers/index_image.h"

namespace ibuild::layers {

namespace {

/// An index above this is no index of ours: 4 Mi entries with long paths stay below.
constexpr std::uint64_t kMaxIndexBytes = std::uint64_t{2} << 30;

constexpr std::string_view kOwnerMagic = "ibdlayer";
constexpr std::size_t kOwnerBytes = kOwnerMagic.size() + base::Sha256Value::kBytes;

/// What stands behind the on-disk form in a file.
std::string owner_of(const base::Digest& diff_id) {
  return std::string(kOwnerMagic) + std::string(base::Sha256Value(diff_id).raw());
}

bool is_at_or_below(std::string_view path, std::string_view ancestor) {
  if (ancestor.empty()) return true;
  return path.starts_with(ancestor) &&
         (path.size() == ancestor.size() || path[ancestor.size()] == '/');
}

std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

void refuse_double_entries(const std::vector<LayerEntry>& entries) {
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (entries[i - 1].path != entries[i].path) continue;
    const bool is_opaque_pair =
        entries[i - 1].type == EntryType::directory && entries[i].type == EntryType::opaque;
    if (!is_opaque_pair) {
      throw base::ContentError("two entries of a layer claim the path \"" +
                               base::printable(entries[i].path.absolute()) + "\"");
    }
  }
}

/// Calls `visit` for each parent directory that has no entry, in walk order.
template <typename Visit>
void for_each_implicit_directory(const LayerIndex& index, Visit visit) {
  std::string_view last;  // the innermost directory known to be there or told already
  auto visit_missing = [&](auto& self, std::string_view directory) -> void {
    if (directory.empty() || is_at_or_below(last, directory)) return;
    self(self, parent_of(directory));
    visit(directory);
    last = directory;
  };
  for (std::size_t i = 0; i < index.size(); ++i) {
    const std::string_view path = index.path_at(i);
    visit_missing(visit_missing, parent_of(path));
    if (index.type_at(i) == EntryType::directory) last = path;
  }
}

}  // namespace

/// Either the entries themselves, or the on-disk form with room for entries made on demand.
struct LayerIndex::State {
  std::vector<LayerEntry> built;
  bool implicit_directories = false;

  std::optional<IndexImage> image;
  // Room for image->size() entries, of which those with made[i] != 0 exist. Untouched pages of it
  // cost nothing.
  std::unique_ptr<std::byte[]> room;
  std::unique_ptr<std::atomic<unsigned char>[]> made;
  mutable std::mutex making;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (!image) return;
    for (std::size_t i = 0; i < image->size(); ++i) {
      if (made[i].load(std::memory_order_relaxed) != 0) std::destroy_at(slot(i));
    }
  }

  void load(IndexImage loaded) {
    image.emplace(std::move(loaded));
    implicit_directories = image->flags().implicit_directories;
    room = std::make_unique_for_overwrite<std::byte[]>(image->size() * sizeof(LayerEntry));
    made = std::make_unique<std::atomic<unsigned char>[]>(image->size());
  }

  LayerEntry* slot(std::size_t i) const {
    return std::launder(reinterpret_cast<LayerEntry*>(room.get()) + i);
  }

  const LayerEntry& at(std::size_t i) const {
    if (!image) return built[i];
    if (made[i].load(std::memory_order_acquire) == 0) {
      const std::scoped_lock lock(making);
      if (made[i].load(std::memory_order_relaxed) == 0) {
        ::new (static_cast<void*>(room.get() + i * sizeof(LayerEntry)))
            LayerEntry(image->decode(i));
        made[i].store(1, std::memory_order_release);
      }
    }
    return *slot(i);
  }
};

LayerIndex::LayerIndex() : state_(std::make_shared<State>()) {}

LayerIndex::LayerIndex(std::shared_ptr<const State> state, TarOrigin origin)
    : state_(std::move(state)), origin_(origin) {}

LayerIndex::LayerIndex(std::vector<LayerEntry> entries, TarOrigin origin) : origin_(origin) {
  if (!std::is_sorted(entries.begin(), entries.end(), walk_less)) {
    std::sort(entries.begin(), entries.end(), walk_less);
  }
  refuse_double_entries(entries);
  auto state = std::make_shared<State>();
  state->built = std::move(entries);
  state_ = state;
  for_each_implicit_directory(*this, [&](std::string_view) { state->implicit_directories = true; });
}

std::span<const LayerEntry> LayerIndex::entries() const {
  if (!state_->image) return state_->built;
  if (empty()) return {};
  for (std::size_t i = 0; i < size(); ++i) (void)state_->at(i);
  return {state_->slot(0), size()};
}

std::size_t LayerIndex::size() const {
  return state_->image ? state_->image->size() : state_->built.size();
}

LayerIndex LayerIndex::with_origin(TarOrigin origin) const { return LayerIndex(state_, origin); }

bool LayerIndex::has_implicit_directories() const { return state_->implicit_directories; }

std::string_view LayerIndex::path_at(std::size_t position) const {
  return state_->image ? state_->image->path(position) : state_->built[position].path.str();
}

EntryType LayerIndex::type_at(std::size_t position) const {
  return state_->image ? state_->image->type(position) : state_->built[position].type;
}

const LayerEntry& LayerIndex::at(std::size_t position) const { return state_->at(position); }

std::size_t LayerIndex::lower_bound(std::string_view path, Range range) const {
  while (!range.empty()) {
    const std::size_t middle = range.begin + (range.end - range.begin) / 2;
    if (compare_walk_order(path_at(middle), path) < 0) {
      range.begin = middle + 1;
    } else {
      range.end = middle;
    }
  }
  return range.begin;
}

LayerIndex::Range LayerIndex::within(std::string_view path, Range range) const {
  const std::size_t begin = lower_bound(path, range);
  std::size_t low = begin;
  std::size_t step = 1;
  // Gallop: most directories are small against what is left of the range.
  while (low < range.end && is_at_or_below(path_at(low), path)) {
    const std::size_t probe = low + step;
    if (probe >= range.end || !is_at_or_below(path_at(probe), path)) {
      std::size_t high = std::min(probe, range.end);
      while (high - low > 1) {
        const std::size_t middle = low + (high - low) / 2;
        (is_at_or_below(path_at(middle), path) ? low : high) = middle;
      }
      return {begin, low + 1};
    }
    low = probe;
    step *= 2;
  }
  return {begin, begin};
}

const LayerEntry* LayerIndex::find(const base::RelPath& path) const {
  const std::size_t position = lower_bound(path.str(), all());
  if (position == size() || path_at(position) != path.str()) return nullptr;
  return type_at(position) == EntryType::opaque ? nullptr : &at(position);
}

LayerEntry LayerIndex::copy_of(std::size_t position) const {
  return state_->image ? state_->image->decode(position) : state_->built[position];
}

bool LayerIndex::is_opaque(const base::RelPath& directory) const {
  std::size_t position = lower_bound(directory.str(), all());
  for (; position < size() && path_at(position) == directory.str(); ++position) {
    if (type_at(position) == EntryType::opaque) return true;
  }
  return false;
}

std::span<const LayerEntry> LayerIndex::below(const base::RelPath& directory) const {
  Range range = within(directory.str(), all());
  while (!range.empty() && path_at(range.begin) == directory.str()) ++range.begin;
  return entries().subspan(range.begin, range.end - range.begin);
}

void LayerIndex::serialize(base::ByteSink& out) const {
  const bool own_tar = origin_ == TarOrigin::own;
  if (state_->image && state_->image->flags().own_tar == own_tar) {
    return out.write(base::as_bytes(state_->image->bytes()));
  }
  IndexImage::Writer writer;
  for (const LayerEntry& entry : entries()) writer.add(entry);
  auto flags = writer.flags();
  flags.own_tar = own_tar;
  out.write(base::as_bytes(writer.finish(flags).bytes()));
}

LayerIndex LayerIndex::deserialize(std::string_view bytes) {
  auto copy = std::make_unique_for_overwrite<char[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.get());
  return LayerIndex(IndexImage(std::move(copy), bytes.size()));
}

LayerIndex::LayerIndex(IndexImage image)
    : origin_(image.flags().own_tar ? TarOrigin::own : TarOrigin::foreign) {
  auto state = std::make_shared<State>();
  state->load(std::move(image));
  state_ = std::move(state);
}

void LayerIndex::write(const base::Digest& diff_id, base::ByteSink& out) const {
  serialize(out);
  out.write(base::as_bytes(owner_of(diff_id)));
}

LayerIndex LayerIndex::read(int fd, const base::Digest& diff_id, std::string_view shown_as) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw base::SystemError("stat", shown_as);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (!S_ISREG(info.st_mode) || size > kMaxIndexBytes) {
    throw base::ContentError(std::string(shown_as) + " is no index of a layer");
  }
  auto bytes = std::make_unique_for_overwrite<char[]>(size);
  base::FdRangeSource source(fd, 0, size);
  for (std::size_t have = 0; have < size;) {
    have += source.read(std::as_writable_bytes(std::span(bytes.get() + have, size - have)));
  }
  const std::string_view text(bytes.get(), size);
  if (size < kOwnerBytes || !text.substr(size - kOwnerBytes).starts_with(kOwnerMagic)) {
    return LayerIndex(IndexImage(std::move(bytes), size));  // as older versions wrote it
  }
  if (!text.ends_with(owner_of(diff_id))) {
    throw base::ContentError(std::string(shown_as) + " is the index of another layer");
  }
  return LayerIndex(IndexImage(std::move(bytes), size - kOwnerBytes));
}

std::vector<base::RelPath> implicit_directories(const LayerIndex& index) {
  std::vector<base::RelPath> found;
  for_each_implicit_directory(
      index, [&](std::string_view path) { found.push_back(base::RelPath::exact(path)); });
  return found;
}

}  // namespace ibuild::layers
