#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "builder/build.h"
#include "builder/tree/file_digest_cache.h"
#include "builder/tree/source_tree.h"

namespace ibuild::builder {

/// The build context of one build, opened when the first step asks for it. For any thread.
class BuildContext {
 public:
  /// `request` and `services` must outlive this. Touches nothing.
  BuildContext(const BuildRequest& request, const Services& services);
  ~BuildContext();

  /// Throws: base::Error when the directory cannot be opened or the ignore file has a bad pattern.
  const SourceTree& tree();
  /// Remembers the digests of files that were read, for the next build.
  void save_digests();

 private:
  const BuildRequest& request_;
  const Services& services_;
  std::mutex mutex_;
  std::unique_ptr<FileDigestCache> digests_;
  std::unique_ptr<SourceTree> tree_;
};

}  // namespace ibuild::builder
