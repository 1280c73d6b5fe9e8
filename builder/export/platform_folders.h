#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "builder/export/root_file_system.h"
#include "image/platform.h"

namespace ibuild::builder {

/// "linux_arm_v7": the folder that a platform's files get.
std::string platform_folder(const image::Platform& platform);

/// Puts everything into one folder.
class IntoFolder : public RootFileSystem::Visitor {
 public:
  /// Visits the folder itself first, with `time`. `next` outlives this.
  IntoFolder(RootFileSystem::Visitor& next, const std::string& folder, base::TimePoint time);
  void visit(const layers::LayerEntry& entry, base::ByteSource* data) override;

 private:
  RootFileSystem::Visitor& next_;
  base::RelPath folder_;
};

/// Lays the files of several platforms into one tree: a directory may come several times, anything
/// else is an error.
class MergePlatforms : public RootFileSystem::Visitor {
 public:
  explicit MergePlatforms(RootFileSystem::Visitor& next) : next_(next) {}
  void start(const image::Platform& platform) { platform_ = platform.str_with_version(); }
  /// Throws: base::Error for a path that an earlier platform has.
  void visit(const layers::LayerEntry& entry, base::ByteSource* data) override;

 private:
  struct Seen {
    std::string platform;
    bool is_directory = false;
  };
  RootFileSystem::Visitor& next_;
  std::string platform_;
  std::map<base::RelPath, Seen> seen_;
};

}  // namespace ibuild::builder
