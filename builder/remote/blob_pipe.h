#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/stream.h"
#include "image/descriptor.h"
#include "image/reference.h"
#include "registry/registry_client.h"

namespace ibuild::remote {

/// A blob of a registry, readable while a thread of its own fetches it. The memory it takes is
/// bounded: the transfer waits for its reader. The destructor ends the transfer.
class BlobPipe : public base::ByteSource {
 public:
  /// Requires: `client` outlives the pipe.
  BlobPipe(registry::RegistryClient& client, image::Reference repository, image::Descriptor blob,
           std::stop_token stop);
  BlobPipe(const BlobPipe&) = delete;
  BlobPipe& operator=(const BlobPipe&) = delete;
  ~BlobPipe() override;

  /// Blocks until bytes have come. The end is told only once the digest has been checked.
  /// Throws: what RegistryClient::fetch_blob throws.
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  class Receiver;
  void fetch(std::stop_token stop);

  registry::RegistryClient& client_;
  image::Reference repository_;
  image::Descriptor blob_;
  std::vector<std::byte> current_;  // being read
  std::size_t position_ = 0;        // in it

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::byte> next_;  // guarded by mutex_, as the next two
  bool ended_ = false;
  std::exception_ptr failure_;

  std::stop_source stop_;
  std::stop_callback<std::function<void()>> outer_stop_;
  std::jthread thread_;  // last: uses all the others
};

}  // namespace ibuild::remote
