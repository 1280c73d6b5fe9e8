#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/unique_fd.h"
#include "image/descriptor.h"
#include "registry/growing_blob.h"

namespace ibuild::remote {

/// What is known of a blob's file while it is written: one thread writes, any may read.
class GrowingFile {
 public:
  /// The file of `fd` has its first `size_bytes`. Keeps a descriptor of its own.
  void grow(int fd, std::uint64_t size_bytes);
  void complete(const image::Descriptor& blob);
  /// Nothing more comes. After complete(): nothing happens.
  void give_up();

  /// As GrowingBlob, each for one reader.
  registry::GrowingBlob::Extent wait_for(std::uint64_t size_bytes, std::stop_token stop);
  std::unique_ptr<base::ByteSource> open() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  base::UniqueFd file_;
  std::uint64_t size_bytes_ = 0;
  std::optional<image::Descriptor> whole_;
  bool given_up_ = false;
};

}  // namespace ibuild::remote
