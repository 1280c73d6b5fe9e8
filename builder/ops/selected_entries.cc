#include "builder/ops/selected_entries.h"

#include <limits>
#include <string_view>

#include "base/error.h"

namespace ibuild::builder {
namespace {

constexpr std::uint32_t kNoExtra = std::numeric_limits<std::uint32_t>::max();
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
  record.origin = file.origin;
  record.has_content = entry.content.has_value();
  if (entry.content) entry.content->raw().copy(record.content.data(), record.content.size());
  record.name_offset = static_cast<std::uint32_t>(names_.size());
  record.name_bytes = static_cast<std::uint16_t>(name.size());
  record.directory = static_cast<std::uint32_t>(directories_.size() - 1);
  record.uid = entry.uid;
  record.gid = entry.gid;
  record.layer = static_cast<std::uint32_t>(file.layer);
  record.mode = static_cast<std::uint16_t>(entry.mode);
  record.type = entry.type;
  record.picked = selected.picked;
  record.extra = kNoExtra;
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

SelectedEntry SelectedEntries::operator[](std::size_t place) const {
  const Record& record = records_[place];
  SelectedEntry selected;
  selected.picked = record.picked;
  SourceFile& file = selected.file;
  auto& entry = file.entry;
  entry.path = directories_[record.directory].child(
      std::string_view(names_).substr(record.name_offset, record.name_bytes));
  entry.type = record.type;
  entry.mode = record.mode;
  entry.uid = record.uid;
  entry.gid = record.gid;
  entry.size_bytes = record.size_bytes;
  entry.mtime = base::TimePoint(std::chrono::nanoseconds(record.mtime_ns));
  if (record.has_content)
    entry.content = base::Sha256Value::from_raw({record.content.data(), record.content.size()});
  file.layer = record.layer;
  file.origin = record.origin;
  if (record.extra == kNoExtra) {
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
