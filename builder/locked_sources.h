#pragma once

#include <functional>
#include <optional>
#include <string>

#include "builder/image_source.h"
#include "builder/remote_files.h"
#include "builder/source_lock.h"

namespace ibuild::builder {

/// Images by tag in the version that a lock says, or written down in it. For any thread.
class LockedImageSource : public ImageSource {
 public:
  /// What a name with a tag stands for after it was loaded: an index, or a lone manifest.
  using TopOf = std::function<std::optional<base::Digest>(const image::Reference&)>;
  /// The references outlive the source.
  LockedImageSource(ImageSource& inner, SourceLock& lock, TopOf top_of)
      : inner_(inner), lock_(lock), top_of_(std::move(top_of)) {}

  /// Throws also: base::Error for an image that a binding lock does not have.
  std::optional<BaseImage> try_load(const image::Reference& reference,
                                    const image::Platform& platform, PullPolicy policy,
                                    std::stop_token stop) override;
  std::string name() const override { return inner_.name(); }

 private:
  ImageSource& inner_;
  SourceLock& lock_;
  TopOf top_of_;
};

/// The same for files by URL; those with a checksum are pinned already.
class LockedRemoteFiles : public RemoteFiles {
 public:
  /// The references outlive this.
  LockedRemoteFiles(RemoteFiles& inner, SourceLock& lock) : inner_(inner), lock_(lock) {}
  RemoteFile fetch(const RemoteFileRequest& request, std::stop_token stop) override;

 private:
  RemoteFiles& inner_;
  SourceLock& lock_;
};

}  // namespace ibuild::builder
