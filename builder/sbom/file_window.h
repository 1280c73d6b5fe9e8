#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/stream.h"

namespace ibuild::builder {

/// A file that is read here and there, through a few pieces of it that are kept.
class FileWindow {
 public:
  /// Gives the file's bytes from an offset on; nothing beyond its end.
  using Opener = std::function<std::unique_ptr<base::ByteSource>(std::uint64_t offset)>;

  FileWindow(Opener open, std::uint64_t size_bytes);

  std::uint64_t size() const { return size_bytes_; }
  /// Exactly so many bytes. Throws: ContentError when the file ends before.
  std::string read(std::uint64_t offset, std::uint64_t size);

 private:
  const std::string& piece(std::uint64_t number);

  Opener open_;
  std::uint64_t size_bytes_;
  std::map<std::uint64_t, std::string> pieces_;
};

}  // namespace ibuild::builder
