#pragma once

#include <memory>
#include <string>

#include "base/stream.h"

namespace ibuild::builder {

/// Where an output of one stream goes: a file that appears whole or not at all, or standard output
/// for "-".
class OutputFile {
 public:
  virtual ~OutputFile() = default;
  virtual base::ByteSink& sink() = 0;
  virtual void commit() = 0;
  /// Throws: base::SystemError when the directory is missing or cannot be written; base::UsageError
  /// when `dest` is a directory.
  static std::unique_ptr<OutputFile> open(const std::string& dest);
};

}  // namespace ibuild::builder
