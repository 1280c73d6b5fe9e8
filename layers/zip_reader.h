#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/stream.h"

namespace ibuild::layers {

/// How much may be inflated of an archive and of those inside of it: a bomb makes terabytes out of
/// gigabytes.
struct InflateBudget {
  std::uint64_t left_bytes = std::uint64_t{4} << 30;
};

/// Reads a zip (a Java archive and the like) front to back, file by file, by the headers before the
/// files; the directory at its end is not looked at. Everything in it may be hostile.
/// See: PKWARE's APPNOTE.
class ZipReader {
 public:
  /// Both outlive the reader; several readers may share a budget.
  ZipReader(base::ByteSource& in, InflateBudget& budget);
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;
  ~ZipReader();

  /// The name of the next file, as it stands there; what is left of the one before is skipped. None
  /// at the end. Throws: ContentError for what is no zip, is encrypted or damaged, and when the
  /// budget is spent.
  std::optional<std::string> next();
  /// The bytes of that file.
  base::ByteSource& data();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ibuild::layers
