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
  /// What tells a step from others of its Dockerfile.
  struct Mark {
    std::string identity;   // "build/2": its stage, and which of its steps
    std::string operation;  // the "op" ingredient
  };

  /// `dir` is the folder of step records; `build` tells this Dockerfile from others.
  StepJournal(base::DirFd dir, const std::string& build);

  /// Whether this Dockerfile was built before.
  bool has_former();
  /// The key of the step that was this one in the last build: the nearest of its stage with the
  /// same operation, else the one in its place.
  std::optional<base::Digest> former_key(const Mark& step);
  void note(const Mark& step, const base::Digest& key);
  void save();

 private:
  struct Entry {
    base::Digest key;
    std::string operation;  // the first digits of its digest
    bool operator==(const Entry&) const = default;
  };
  void load();

  base::DirFd dir_;
  base::RelPath path_;
  std::mutex mutex_;
  bool loaded_ = false;
  std::map<std::string, Entry> old_;  // by identity
  std::map<std::string, Entry> now_;
};

}  // namespace ibuild::builder
