#pragma once

#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "builder/remote/growing_file.h"
#include "builder/remote/image_loader.h"
#include "image/descriptor.h"
#include "image/reference.h"
#include "layers/blob_watcher.h"

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
  /// Sends a blob while it is made, once it is large, to those of the repositories that are new:
  /// another may have these very bytes already, and whether it has can be asked only by their
  /// digest, when all is made. The watcher must not outlive this.
  std::shared_ptr<layers::BlobWatcher> begin_growing(const std::vector<image::Reference>& names);
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
  class Watcher;
  /// One blob in the making on its way to one repository.
  struct Stream {
    image::Reference repository;
    std::shared_ptr<GrowingFile> file;
    State state = State::under_way;
    std::optional<Key> upload = {};  // of `uploads_`, once its digest is known
    std::jthread thread = {};
  };
  void start_stream(const image::Reference& repository, std::shared_ptr<GrowingFile> file);
  void name_streams(const GrowingFile& file, const image::Descriptor& blob);
  void send_growing(Stream& stream, const std::stop_token& stop);
  void work(const std::stop_token& stop);
  bool send(const Upload& upload, const std::stop_token& stop) const;

  const ImageLoader& loader_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<Key, Upload> uploads_;  // what was begun stays, so that references to it stay good
  std::deque<Key> waiting_;
  std::list<Stream> streams_;          // their threads use all the others
  std::vector<std::jthread> workers_;  // likewise
};

}  // namespace ibuild::remote
