#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "builder/build.h"
#include "builder/context/resolved_context.h"
#include "builder/plan/op.h"
#include "builder/tree/file_digest_cache.h"
#include "builder/tree/source_tree.h"

namespace ibuild::builder {

/// The contexts of one build, its own and those of --build-context, each brought here and opened
/// when the first step asks for it. For any thread.
class BuildContext {
 public:
  /// `request` and `services` must outlive this. Touches nothing.
  BuildContext(const BuildRequest& request, const Services& services);
  ~BuildContext();

  /// Lives as long as this. Blocks. Throws: base::Error when the context cannot be had or opened,
  /// or its ignore file has a bad pattern; base::CancelledError.
  const SourceTree& tree(const ContextRef& which, std::stop_token stop);
  /// Remembers the digests of files that were read, for the next build.
  void save_digests();
  /// Before the end of the build: makes them take less memory.
  void take_less_memory();

 private:
  struct Opened;
  void open_own(Opened& context);
  void open_named(const std::string& key, Opened& context, std::stop_token stop);
  struct Directory {
    std::string path;
    std::string ignore_file;
    std::string shown_as;
    const FileOwners* owners = nullptr;
  };
  std::unique_ptr<SourceTree> open_directory(const Directory& directory, FileDigestCache& digests);
  FileDigestCache& lasting_digests();

  const BuildRequest& request_;
  const Services& services_;
  std::mutex mutex_;  // of the maps, not of what is in them
  std::unique_ptr<FileDigestCache> digests_;
  std::map<std::string, std::unique_ptr<Opened>> opened_;  // by the context's name
};

}  // namespace ibuild::builder
