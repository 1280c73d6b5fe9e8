#include "builder/export/platform_folders.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::builder {

std::string platform_folder(const image::Platform& platform) {
  std::string name = image::normalize(platform).str_with_version();
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

IntoFolder::IntoFolder(RootFileSystem::Visitor& next, const std::string& folder,
                       base::TimePoint time)
    : next_(next), folder_(base::RelPath::exact(folder)) {
  layers::LayerEntry entry;
  entry.path = folder_;
  entry.type = layers::EntryType::directory;
  entry.mode = 0755;
  entry.mtime = time;
  next_.visit(entry, nullptr);
}

void IntoFolder::visit(const layers::LayerEntry& entry, base::ByteSource* data) {
  layers::LayerEntry moved = entry;
  moved.path = folder_.join(entry.path.str());
  if (entry.type == layers::EntryType::hardlink)
    moved.link_target = folder_.join(entry.link_target).str();
  next_.visit(moved, data);
}

void MergePlatforms::visit(const layers::LayerEntry& entry, base::ByteSource* data) {
  const bool is_directory = entry.type == layers::EntryType::directory;
  const auto [place, is_new] = seen_.try_emplace(entry.path, Seen{platform_, is_directory});
  if (is_new) return next_.visit(entry, data);
  if (is_directory && place->second.is_directory) return;
  base::Error error("/" + base::printable(entry.path.str()) + " of " + platform_ +
                    " would overwrite that of " + place->second.platform);
  error.set_hint("leave platform-split=false out to give each platform its own folder");
  throw error;
}

}  // namespace ibuild::builder
