#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/rel_path.h"

namespace ibuild::builder {

/// One thing that the store keeps and could do without: it would be made or fetched again.
struct CacheItem {
  enum class Kind {
    step,      // a layer that a step made, with its records
    mount,     // the directories of a cache mount
    file,      // fetched by URL
    checkout,  // a repository fetched by git
    blob,      // a manifest, config or layer of no image in the store
  };
  Kind kind = Kind::step;
  std::string id;           // first digits of a digest
  std::string description;  // what people know it by
  std::uint64_t size_bytes = 0;
  base::TimePoint last_used{};
  bool in_image = false;  // an image needs it: it stays

  // What is removed with it:
  std::vector<base::Digest> diff_ids;
  std::vector<base::Digest> blobs;
  std::vector<base::RelPath> files;  // below cache/
};

/// "regular", "exec.cachemount", "source.http", "source.git.checkout", "blob": BuildKit's words
/// where it has them.
std::string kind_name(CacheItem::Kind kind);

}  // namespace ibuild::builder
