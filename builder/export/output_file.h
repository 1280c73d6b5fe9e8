#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "base/stream.h"

namespace ibuild::builder {

/// Whoever read standard output went away before all was written.
class OutputClosed : public base::Error {
 public:
  OutputClosed();
};

/// Where an output of one stream goes: a file that appears whole or not at all; or standard output
/// for "-", a fifo or a device, which are written to as they are.
class OutputFile {
 public:
  virtual ~OutputFile() = default;
  virtual base::ByteSink& sink() = 0;
  virtual void commit() = 0;
  /// Throws: base::SystemError when the directory is missing or cannot be written; base::UsageError
  /// when `dest` is a directory. Blocks: as long as nobody reads a fifo; then open() and writing
  /// throw base::CancelledError after a stop request. Writing to standard output throws
  /// OutputClosed when nobody reads it any more.
  static std::unique_ptr<OutputFile> open(const std::string& dest, std::stop_token stop);
};

}  // namespace ibuild::builder
