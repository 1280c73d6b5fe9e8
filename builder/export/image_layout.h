#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/fs_at.h"
#include "base/stream.h"
#include "builder/build.h"
#include "image/reference.h"
#include "layers/content_store.h"

namespace ibuild::builder {

/// Writes files that belong to an archive or a directory, in the order given.
class LayoutSink {
 public:
  virtual ~LayoutSink() = default;
  virtual void add_directory(const std::string& path) = 0;
  virtual void add_file(const std::string& path, base::ByteSource& data,
                        std::uint64_t size_bytes) = 0;
};

enum class DockerManifest { none, beside_layout };

/// An image or an index, and what it is called.
struct NamedImages {
  BuiltImages built;
  std::vector<image::Reference> names;
};

/// An OCI layout of them: oci-layout, index.json with a line for each name, blobs/sha256/…, and
/// with `beside_layout` docker's manifest.json, of an index for its first image. Sorted by path.
/// The blobs of the layers are read from `content`. Throws: base::Error.
void write_image_layout(LayoutSink& out, std::span<const NamedImages> images, DockerManifest docker,
                        const layers::ContentStore& content);

/// A tar of it. Deterministic: all times are 0.
class TarLayoutSink : public LayoutSink {
 public:
  explicit TarLayoutSink(base::ByteSink& out);
  ~TarLayoutSink() override;
  void add_directory(const std::string& path) override;
  void add_file(const std::string& path, base::ByteSource& data, std::uint64_t size_bytes) override;
  void finish();

 private:
  struct Writer;
  std::unique_ptr<Writer> writer_;
};

/// Files below a directory; what is there under the same digest stays.
class DirectoryLayoutSink : public LayoutSink {
 public:
  explicit DirectoryLayoutSink(base::DirFd dir) : dir_(std::move(dir)) {}
  void add_directory(const std::string& path) override;
  void add_file(const std::string& path, base::ByteSource& data, std::uint64_t size_bytes) override;

 private:
  base::DirFd dir_;
};

}  // namespace ibuild::builder
