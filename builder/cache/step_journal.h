#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/digest.h"
#include "base/fs_at.h"

namespace ibuild::builder {

/// Which key each step of one Dockerfile had in its last build, so that a miss can be compared with
/// it. Read on the first question, written at the end when something changed. A damaged journal is
/// an empty one. For any thread.
class StepJournal {
 public:
  /// `dir` is the folder of step records; `build` tells this Dockerfile from others ("Dockerfile",
  /// context, platform).
  StepJournal(base::DirFd dir, const std::string& build);

  std::optional<base::Digest> last_key(const std::string& step);
  void note(const std::string& step, const base::Digest& key);
  void save();

 private:
  void load();

  base::DirFd dir_;
  base::RelPath path_;
  std::mutex mutex_;
  bool loaded_ = false;
  std::map<std::string, base::Digest> old_;
  std::map<std::string, base::Digest> now_;
};

}  // namespace ibuild::builder
