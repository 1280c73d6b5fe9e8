#pragma once

#include <vector>

#include "base/digest.h"
#include "base/fs_at.h"
#include "image/reference.h"
#include "layers/store.h"

namespace ibuild::remote {

/// Which repositories are known to hold a blob, kept in the store (cache/origins/<hex>, one
/// repository a line). It lets a layer that was never downloaded be fetched later, and be mounted
/// instead of uploaded when it goes back to its registry. A hint: a lost or damaged file means "not
/// known". For any thread and process; of two that write at once one wins.
class BlobOrigins {
 public:
  explicit BlobOrigins(const layers::Store& store);

  /// Notes that `repository` (tag and digest do not count) holds `blob`.
  void remember(const base::Digest& blob, const image::Reference& repository) const;
  /// Latest first.
  std::vector<image::Reference> find(const base::Digest& blob) const;

  /// More are forgotten, oldest first.
  static constexpr std::size_t kMaxPerBlob = 8;

 private:
  base::DirFd dir_;
};

}  // namespace ibuild::remote
