#pragma once

#include <string>
#include <vector>

#include "builder/cdi/cdi_device.h"

namespace ibuild::builder {

/// The directories that hold descriptions of devices when none are named: those of BuildKit.
std::vector<std::string> default_cdi_directories();

/// The devices that the files of some directories describe (*.json, *.yaml, *.yml).
class CdiRegistry {
 public:
  /// A device in a later directory takes the place of one with its name. One that is there twice in
  /// the same directory is none. A directory that is missing holds nothing.
  /// Throws: ContentError that names the file, SystemError.
  explicit CdiRegistry(const std::vector<std::string>& directories);

  /// What a Dockerfile or an option may write: "vendor/class=name"; "vendor/class": the first of
  /// its kind; "vendor/class=*": all of its kind; "vendor/class=group": those whose annotation says
  /// that they belong to it. Empty when there is none. Throws: UsageError for any other text.
  std::vector<CdiDevice> find(const std::string& wanted) const;
  std::vector<std::string> names() const;

 private:
  std::vector<CdiDevice> devices_;  // by name
};

}  // namespace ibuild::builder
