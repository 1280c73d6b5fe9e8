#include "cli/archive/archive_contents.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "image/manifest.h"
#include "layers/compression.h"
#include "layers/tar_reader.h"

namespace ibuild::cli {

namespace {

/// Hands out bytes that were read ahead, then the rest of the stream.
class PeekedSource : public base::ByteSource {
 public:
  explicit PeekedSource(base::ByteSource& in) : in_(in) {
    while (filled_ < head_.size()) {
      const auto count = in_.read(std::span(head_).subspan(filled_));
      if (count == 0) break;
      filled_ += count;
    }
  }
  base::Bytes head() const { return std::span(head_).first(filled_); }
  std::size_t read(std::span<std::byte> buffer) override {
    if (given_ == filled_) return in_.read(buffer);
    const auto count = std::min(buffer.size(), filled_ - given_);
    std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(given_), count, buffer.begin());
    given_ += count;
    return count;
  }

 private:
  base::ByteSource& in_;
  std::array<std::byte, 16> head_{};
  std::size_t filled_ = 0;
  std::size_t given_ = 0;
};

/// The digest that a path of an OCI layout promises: "blobs/sha256/<hex>".
std::optional<base::Digest> promised_digest(const std::string& path) {
  const auto parts = base::split(path, '/');
  if (parts.size() != 3 || parts[0] != "blobs") return std::nullopt;
  return base::Digest::try_parse(std::string(parts[1]) + ":" + std::string(parts[2]));
}

class ArchiveReader {
 public:
  ArchiveReader(const layers::ContentStore& content, std::stop_token stop)
      : content_(content), stop_(std::move(stop)) {}

  ArchiveContents read(base::ByteSource& in) {
    layers::TarReader tar(in);
    std::size_t files = 0;
    while (const auto entry = tar.next()) {
      if (stop_.stop_requested()) throw base::CancelledError();
      if (++files > kMaxArchiveFiles) throw base::ContentError("the archive holds too many files");
      take(*entry, tar.data());
    }
    tar.drain();
    resolve_links();
    return std::move(contents_);
  }

 private:
  void take(const layers::LayerEntry& entry, base::ByteSource& data) {
    const auto& path = entry.path.str();
    switch (entry.type) {
      case layers::EntryType::file:
        take_file(path, data);
        break;
      case layers::EntryType::symlink:
        links_[path] = target_of(entry);
        break;
      case layers::EntryType::hardlink:
        links_[path] = entry.link_target;
        break;
      case layers::EntryType::directory:
        break;
      default:
        throw base::ContentError("the archive holds " + base::printable(path) +
                                 ", which is neither file, directory nor link");
    }
  }

  static std::string target_of(const layers::LayerEntry& link) {
    if (link.link_target.starts_with('/')) return base::RelPath::clean(link.link_target).str();
    return base::RelPath::clean(link.path.parent().str() + "/" + link.link_target).str();
  }

  void take_file(const std::string& path, base::ByteSource& data) {
    if (path == "index.json") {
      contents_.index_json = base::read_all(data, image::kMaxManifestBytes, path);
    } else if (path == "manifest.json") {
      contents_.manifest_json = base::read_all(data, image::kMaxManifestBytes, path);
    } else {
      take_blob(path, data);
    }
  }

  void take_blob(const std::string& path, base::ByteSource& data) {
    auto ingest = content_.begin_ingest();
    base::copy_stream(data, *ingest);
    const auto size = ingest->size_bytes();
    const auto promised = promised_digest(path);
    contents_.blobs[path] = {.digest = ingest->commit(promised), .size_bytes = size};
  }

  /// Old `docker save` archives hold each layer once and link to it. A link to a link counts as
  /// well, in any order.
  void resolve_links() {
    for (const auto& [path, first] : links_) {
      std::string target = first;
      for (std::size_t hops = 0; hops < kMaxHops && links_.contains(target); ++hops)
        target = links_[target];
      const auto blob = contents_.blobs.find(target);
      if (blob != contents_.blobs.end()) contents_.blobs[path] = blob->second;
    }
  }
  static constexpr std::size_t kMaxHops = 8;

  const layers::ContentStore& content_;
  std::stop_token stop_;
  ArchiveContents contents_;
  std::map<std::string, std::string> links_;
};

}  // namespace

ArchiveContents read_archive(base::ByteSource& in, const layers::ContentStore& content,
                             std::stop_token stop) {
  PeekedSource peeked(in);
  const auto compression = layers::detect_compression(peeked.head());
  const auto plain = layers::make_decompressor(compression, peeked);
  return ArchiveReader(content, std::move(stop)).read(*plain);
}

}  // namespace ibuild::cli
