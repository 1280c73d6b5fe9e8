#include "builder/ops/selected_entries.h"

#include <limits>
#include <string_view>

#include "base/error.h"

namespace ibuild::builder {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kMaxNamesBytes = std::numeric_limits<std::uint32_t>::max();

/// Files of an image have a key that follows from where they lie.
std::optional<LinkKey> usual_link(const SourceFile& file) {
  if (!file.is_file() || file.origin == nullptr) return std::nullopt;
  return LinkKey{file.layer, reinterpret_cast<std::uintptr_t>(file.origin)};
}

/// As path.parent() == directory, without making that.
bool is_child(const base::RelPath& path, std::string_view name, const base::RelPath& directory) {
  const std::string_view text = path.str();
  const auto above = text.substr(0, text.size() - name.size());
  return directory.is_root()
             ? above.empty()
             : above.size() == directory.str().size() + 1 && above.starts_with(directory.str());
}

}  // namespace

void SelectedEntries::add(const SelectedEntry& selected) {
  const SourceFile& file = selected.file;
  const auto& entry = file.entry;
  const std::string_view name = file.path().name();
  if (names_.size() + name.size() > kMaxNamesBytes)
    throw base::ContentError("a directory holds too many files to be copied in one step");
  // Those of one directory stand together but for what lies in directories between them.
  if (directories_.empty() || !is_child(file.path(), name, directories_.back()))
    directories_.push_back(file.path().parent());

  Record record{};
  record.size_bytes = entry.size_bytes;
  record.mtime_ns = entry.mtime.time_since_epoch().count();
  record.has_content = entry.content.has_value();
  if (entry.content) entry.content->raw().copy(record.content.data(), record.content.size());
  record.name_end = static_cast<std::uint32_t>(names_.size() + name.size());
  record.directory = static_cast<std::uint32_t>(directories_.size() - 1);
  record.owner = owner_place(entry);
  record.mode = static_cast<std::uint16_t>(entry.mode);
  record.type = entry.type;
  record.picked = selected.picked;
  record.place = kNone;
  if (file.origin != nullptr || file.layer != 0) {
    record.place = static_cast<std::uint32_t>(places_.size());
    places_.push_back({file.origin, file.layer});
  }
  record.extra = kNone;
  const bool has_extra = !entry.link_target.empty() || entry.device_major != 0 ||
                         entry.device_minor != 0 || !entry.xattrs.empty() ||
                         file.link != usual_link(file);
  if (has_extra) {
    record.extra = static_cast<std::uint32_t>(extras_.size());
    extras_.push_back(
        {entry.link_target, entry.device_major, entry.device_minor, entry.xattrs, file.link});
  }
  names_ += name;
  records_.push_back(record);
}

/// Most entries have the owner of the one before.
std::uint32_t SelectedEntries::owner_place(const layers::LayerEntry& entry) {
  const OwnerIds owner{entry.uid, entry.gid};
  if (owners_.empty() || owners_.back() != owner) owners_.push_back(owner);
  return static_cast<std::uint32_t>(owners_.size() - 1);
}

std::string_view SelectedEntries::name(std::size_t place) const {
  const std::size_t begin = place == 0 ? 0 : records_[place - 1].name_end;
  return std::string_view(names_).substr(begin, records_[place].name_end - begin);
}

SelectedEntry SelectedEntries::operator[](std::size_t place) const {
  const Record& record = records_[place];
  SelectedEntry selected;
  selected.picked = record.picked;
  SourceFile& file = selected.file;
  auto& entry = file.entry;
  entry.path = directories_[record.directory].child(name(place));
  entry.type = record.type;
  entry.mode = record.mode;
  entry.uid = owners_[record.owner].uid;
  entry.gid = owners_[record.owner].gid;
  entry.size_bytes = record.size_bytes;
  entry.mtime = base::TimePoint(std::chrono::nanoseconds(record.mtime_ns));
  if (record.has_content)
    entry.content = base::Sha256Value::from_raw({record.content.data(), record.content.size()});
  if (record.place != kNone) {
    file.layer = places_[record.place].layer;
    file.origin = places_[record.place].origin;
  }
  if (record.extra == kNone) {
    file.link = usual_link(file);
    return selected;
  }
  const Extra& extra = extras_[record.extra];
  entry.link_target = extra.link_target;
  entry.device_major = extra.device_major;
  entry.device_minor = extra.device_minor;
  entry.xattrs = extra.xattrs;
  file.link = extra.link;
  return selected;
}

SelectedEntries::Iterator SelectedEntries::begin() const { return {*this, 0}; }
SelectedEntries::Iterator SelectedEntries::end() const { return {*this, size()}; }

}  // namespace ibuild::builder
