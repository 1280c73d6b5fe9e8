#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/files.h"
#include "base/stream.h"
#include "layers/content_store.h"

namespace ibuild::layers {

/// The files of an image archive (a tar), laid out under random names in a folder of temporaries,
/// where nothing in the archive decides a name. Their digests are known. The folder goes with this.
class StagedArchive {
 public:
  struct File {
    std::string temp_name;
    base::Digest digest;
    std::uint64_t size_bytes = 0;
  };

  /// Reads a tar, plain or compressed, to its end. Of two files of one name the last one counts.
  /// Throws: ContentError for what is no tar, and for entries that an image archive has no use for:
  /// devices, fifos, names with ".."; CancelledError.
  static StagedArchive read(base::ByteSource& in, const base::DirFd& temp, std::stop_token stop);

  /// The file that a path of the archive means, its own links followed inside the archive; null
  /// when there is none. Throws: ContentError when links go in circles.
  const File* find(std::string_view path) const;
  /// Throws: ContentError above `cap_bytes`.
  std::string read_text(const File& file, std::uint64_t cap_bytes) const;
  base::UniqueFd open(const File& file) const;
  /// The file becomes a blob; it can still be found afterwards, but not opened.
  void move_to(const ContentStore& content, const File& file) const;

 private:
  class Reader;
  explicit StagedArchive(const base::DirFd& temp) : folder_(temp, "archive-") {}

  base::TempDir folder_;
  std::map<std::string, File> files_;         // by path in the archive
  std::map<std::string, std::string> links_;  // path → path
};

}  // namespace ibuild::layers
