#pragma once

#include <string_view>
#include <utility>

#include "base/files.h"
#include "base/fs_at.h"
#include "base/unique_fd.h"

namespace ibuild::base {

/// A new directory below `parent` to try things in, held with flock(2) and removed with its content
/// by the destructor. What killed processes left behind is taken away first: nobody holds that.
class ScratchDir {
 public:
  static constexpr std::string_view kPrefix = "ibuild-scratch-";

  static ScratchDir make(const DirFd& parent);
  const DirFd& dir() const { return folder_.dir(); }

 private:
  ScratchDir(TempDir folder, UniqueFd lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}
  TempDir folder_;
  UniqueFd lock_;
};

}  // namespace ibuild::base
