#include "builder/remote/oci_layout_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/stream.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "builder/remote/base_image.h"
#include "builder/remote/manifest_choice.h"
#include "image/oci_layout.h"
#include "registry/content_hash.h"

namespace ibuild::remote {

namespace {

constexpr std::uint64_t kMaxIndexBytes = 16 << 20;
constexpr const char* kRefName = "org.opencontainers.image.ref.name";

std::string blob_path(const std::string& layout, const base::Digest& digest) {
  return layout + "/blobs/" + std::string(digest.algorithm()) + "/" + std::string(digest.hex());
}

/// None when the blob is not there.
std::optional<std::string> read_document(const std::string& layout,
                                         const image::Descriptor& document) {
  auto text = base::try_read_host_file(blob_path(layout, document.digest), kMaxIndexBytes);
  if (!text) return std::nullopt;
  const auto actual = registry::digest_like(document.digest, *text);
  if (actual != document.digest) {
    throw base::ContentError("a blob of " + base::printable(layout), document.digest.str(),
                             actual.str());
  }
  return text;
}

/// Blobs straight from the layout.
class LayoutBlobs : public layers::BlobProvider {
 public:
  explicit LayoutBlobs(std::string layout) : layout_(std::move(layout)) {}
  void fetch(const image::Descriptor& blob, base::DigestSink& out, std::stop_token stop) override {
    const auto path = blob_path(layout_, blob.digest);
    const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw base::SystemError("open", path);
    base::FdSource source(fd.get());
    std::vector<std::byte> buffer(256 << 10);
    while (const std::size_t count = source.read(buffer)) {
      if (stop.stop_requested()) throw base::CancelledError();
      out.write(base::Bytes(buffer).first(count));
    }
  }

 private:
  std::string layout_;
};

std::string tag_of(const image::Descriptor& descriptor) {
  const auto name = descriptor.annotations.find(kRefName);
  return name == descriptor.annotations.end() ? "" : name->second;
}

}  // namespace

image::Descriptor OciLayoutSource::find_tagged(const std::vector<image::Descriptor>& images) const {
  const std::string tag = choice_.tag.empty() ? "latest" : choice_.tag;
  const auto found = std::find_if(images.begin(), images.end(),
                                  [&](const auto& one) { return tag_of(one) == tag; });
  if (found != images.end()) return *found;
  if (choice_.tag.empty() && images.size() == 1) return images.front();
  std::vector<std::string> tags;
  for (const auto& one : images) {
    if (!tag_of(one).empty()) tags.push_back(base::printable(tag_of(one)));
  }
  base::Error error("the OCI layout " + base::printable(choice_.path) + " has no image " +
                    base::printable(tag));
  if (!tags.empty()) error.set_hint("it has " + base::join(tags, ", "));
  throw error;
}

image::Descriptor OciLayoutSource::find_top() const {
  const auto marker = base::try_read_host_file(
      choice_.path + "/" + std::string(image::kOciLayoutFile), kMaxIndexBytes);
  if (!marker)
    throw base::Error(base::printable(choice_.path) +
                      " is no OCI layout: it has no file oci-layout");
  image::check_oci_layout(*marker);
  const auto index =
      image::parse_index(base::read_host_file(choice_.path + "/index.json", kMaxIndexBytes));
  if (!choice_.digest) return find_tagged(index.manifests);
  for (const auto& one : index.manifests) {
    if (one.digest == *choice_.digest) return one;
  }
  // Not listed, but perhaps there: an image that an index of the layout holds.
  struct stat status {};
  if (::stat(blob_path(choice_.path, *choice_.digest).c_str(), &status) != 0) {
    throw base::Error("the OCI layout " + base::printable(choice_.path) + " has no image " +
                      choice_.digest->str());
  }
  image::Descriptor top;
  top.digest = *choice_.digest;
  top.size_bytes = static_cast<std::uint64_t>(status.st_size);
  return top;
}

std::optional<builder::BaseImage> OciLayoutSource::try_load(const image::Reference& reference,
                                                            const image::Platform& platform,
                                                            builder::PullPolicy, std::stop_token) {
  const DocumentReader read = [this](const image::Descriptor& document) {
    return read_document(choice_.path, document);
  };
  const auto top = find_top();
  auto chosen = choose_manifest(top, platform, read);
  if (!chosen)
    throw base::Error("the OCI layout " + base::printable(choice_.path) +
                      " lacks a manifest of the image");
  check_has_image_config(chosen->manifest);
  const auto config_json = read(chosen->manifest.config);
  if (!config_json)
    throw base::Error("the OCI layout " + base::printable(choice_.path) +
                      " lacks the image's config");
  auto base = make_base_image(reference, *std::move(chosen), *config_json);
  base.top = top.digest;
  // Shared: one provider for all layers of the image, as layers::Layer has it.
  const auto provider = std::make_shared<LayoutBlobs>(choice_.path);
  for (auto& layer : base.layers) layer.provider = provider;
  return base;
}

}  // namespace ibuild::remote
