#pragma once

#include <memory>
#include <string>

#include "builder/source_lock.h"
#include "cli/option_parser.h"

namespace ibuild::cli {

/// What `ibuild build` does about the versions of its sources.
struct LockOptions {
  std::string file = "ibuild.lock";
  bool locked = false;
  bool write = false;

  void add_to(OptionParser& parser);
  /// The lock that a build works with; null when none was asked for. Throws: UsageError.
  std::unique_ptr<builder::SourceLock> open() const;
  /// Writes the file where that was asked for. Throws: SystemError.
  void close(const builder::SourceLock* lock) const;
};

}  // namespace ibuild::cli
