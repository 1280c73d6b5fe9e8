#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "builder/remote/image_loader.h"
#include "image/descriptor.h"
#include "image/reference.h"

namespace ibuild::remote {

/// Blobs that are sent to a registry before the image that names them is complete. One that fails
/// is simply not sent: it is for the push proper to try again and to tell. For any thread. The
/// destructor gives up what is on its way.
class EarlyUploads {
 public:
  /// `loader` outlives this.
  explicit EarlyUploads(const ImageLoader& loader) : loader_(loader) {}
  EarlyUploads(const EarlyUploads&) = delete;
  EarlyUploads& operator=(const EarlyUploads&) = delete;
  ~EarlyUploads();

  /// Returns at once; what was begun already is not begun again. Requires: the store has the blob.
  void begin(const image::Descriptor& blob, const image::Reference& repository);
  /// Waits for a blob that is on its way. True when the repository has it by now; false when that
  /// was not begun, has not had its turn yet (then it is left to the caller) or has failed.
  /// Throws: CancelledError.
  bool finish(const base::Digest& blob, const image::Reference& repository, std::stop_token stop);

 private:
  using Key = std::pair<std::string, base::Digest>;  // repository, blob
  enum class State { waiting, under_way, sent, failed };
  struct Upload {
    image::Descriptor blob;
    image::Reference repository;
    State state = State::waiting;
  };
  void work(const std::stop_token& stop);
  bool send(const Upload& upload, const std::stop_token& stop) const;

  const ImageLoader& loader_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<Key, Upload> uploads_;  // what was begun stays, so that references to it stay good
  std::deque<Key> waiting_;
  std::vector<std::jthread> workers_;  // last: they use all the others
};

}  // namespace ibuild::remote
