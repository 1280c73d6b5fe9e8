#include "builder/locked_sources.h"

#include <utility>

namespace ibuild::builder {

using Kind = SourceLock::Kind;

std::optional<BaseImage> LockedImageSource::try_load(const image::Reference& reference,
                                                     const image::Platform& platform,
                                                     PullPolicy policy, std::stop_token stop) {
  if (reference.digest) return inner_.try_load(reference, platform, policy, std::move(stop));
  auto wanted = image::with_default_tag(reference);
  const std::string name = wanted.str();
  if (const auto version = lock_.pinned(Kind::image, name)) {
    wanted.digest = base::Digest::parse(*version);
    return inner_.try_load(wanted, platform, policy, std::move(stop));
  }
  auto image = inner_.try_load(wanted, platform, policy, std::move(stop));
  if (!image) return image;
  if (const auto top = top_of_(wanted)) lock_.note(Kind::image, name, top->str());
  return image;
}

RemoteFile LockedRemoteFiles::fetch(const RemoteFileRequest& request, std::stop_token stop) {
  if (request.checksum) return inner_.fetch(request, std::move(stop));
  RemoteFileRequest wanted = request;
  if (const auto version = lock_.pinned(Kind::file, request.url)) {
    wanted.checksum = base::Digest::parse(*version);
  }
  RemoteFile file = inner_.fetch(wanted, std::move(stop));
  lock_.note(Kind::file, request.url, file.digest.str());
  return file;
}

}  // namespace ibuild::builder
