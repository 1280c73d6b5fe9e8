#include "layers/blob_feed.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"

namespace ibuild::layers {

namespace {

base::UniqueFd duplicate(int fd) {
  base::UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy) throw base::SystemError("dup", "a blob");
  return copy;
}

}  // namespace

/// Where the provider writes.
class BlobFeed::Receiver : public base::DigestSink {
 public:
  explicit Receiver(BlobFeed& feed) : feed_(feed) {}

  void write(base::Bytes bytes) override {
    const std::uint64_t total = feed_.layer_.blob->size_bytes;
    if (bytes.size() > total - feed_.ingest_->size_bytes()) {
      throw base::ContentError("blob " + feed_.layer_.blob->digest.str() +
                               " is larger than its descriptor says (" + std::to_string(total) +
                               " bytes)");
    }
    feed_.ingest_->write(bytes);
    const std::uint64_t have = feed_.ingest_->size_bytes();
    {
      const std::scoped_lock lock(feed_.mutex_);
      feed_.available_ = have;
    }
    feed_.changed_.notify_one();
    if (feed_.observer_) feed_.observer_(have, total);
  }
  base::Digest digest() override { return feed_.ingest_->digest(); }

 private:
  BlobFeed& feed_;
};

BlobFeed::BlobFeed(const ContentStore& content, const Layer& layer, std::stop_token stop,
                   Observer observer)
    : layer_(layer),
      observer_(std::move(observer)),
      ingest_(content.begin_ingest()),
      file_(duplicate(ingest_->fd())),
      outer_stop_(std::move(stop), [this] { stop_.request_stop(); }),
      thread_([this] { fetch(stop_.get_token()); }) {}

BlobFeed::~BlobFeed() { stop_.request_stop(); }

void BlobFeed::fetch(std::stop_token stop) {
  std::exception_ptr failure;
  try {
    Receiver receiver(*this);
    layer_.provider->fetch(*layer_.blob, receiver, std::move(stop));
  } catch (...) {
    failure = std::current_exception();  // read() and commit() throw it
  }
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
    failure_ = failure;
  }
  changed_.notify_one();
}

std::size_t BlobFeed::read(std::span<std::byte> buffer) {
  std::uint64_t available = 0;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || available_ > position_; });
    if (failure_) std::rethrow_exception(failure_);
    available = available_;
  }
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), available - position_));
  base::FdRangeSource source(file_.get(), position_, wanted);
  const std::size_t count = source.read(buffer.first(wanted));
  position_ += count;
  return count;
}

void BlobFeed::commit() {
  if (thread_.joinable()) thread_.join();
  if (failure_) std::rethrow_exception(failure_);
  const image::Descriptor& blob = *layer_.blob;
  if (ingest_->size_bytes() != blob.size_bytes) {
    throw base::ContentError("size of blob " + blob.digest.str(), std::to_string(blob.size_bytes),
                             std::to_string(ingest_->size_bytes()));
  }
  ingest_->commit(blob.digest);
}

}  // namespace ibuild::layers
