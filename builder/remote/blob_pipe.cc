#include "builder/remote/blob_pipe.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace ibuild::remote {

namespace {

/// So much lies ready for the reader; twice of it is in memory at most.
constexpr std::size_t kCapacityBytes = 1 << 20;

}  // namespace

/// Where the registry's bytes go.
class BlobPipe::Receiver : public base::ByteSink {
 public:
  Receiver(BlobPipe& pipe, std::stop_token stop) : pipe_(pipe), stop_(std::move(stop)) {}

  void write(base::Bytes bytes) override {
    while (!bytes.empty()) {
      std::unique_lock lock(pipe_.mutex_);
      const auto has_room = [&] { return pipe_.next_.size() < kCapacityBytes; };
      if (!pipe_.changed_.wait(lock, stop_, has_room)) throw base::CancelledError();
      const auto part = bytes.first(std::min(bytes.size(), kCapacityBytes - pipe_.next_.size()));
      pipe_.next_.insert(pipe_.next_.end(), part.begin(), part.end());
      bytes = bytes.subspan(part.size());
      lock.unlock();
      pipe_.changed_.notify_all();
    }
  }

 private:
  BlobPipe& pipe_;
  std::stop_token stop_;
};

BlobPipe::BlobPipe(registry::RegistryClient& client, image::Reference repository,
                   image::Descriptor blob, std::stop_token stop)
    : client_(client),
      repository_(std::move(repository)),
      blob_(std::move(blob)),
      outer_stop_(std::move(stop), [this] { stop_.request_stop(); }),
      thread_([this] { fetch(stop_.get_token()); }) {}

BlobPipe::~BlobPipe() { stop_.request_stop(); }

void BlobPipe::fetch(std::stop_token stop) {
  std::exception_ptr failure;
  try {
    Receiver receiver(*this, stop);
    client_.fetch_blob(repository_, blob_, receiver, {}, stop);
  } catch (...) {
    failure = std::current_exception();  // read() throws it
  }
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
    failure_ = failure;
  }
  changed_.notify_all();
}

std::size_t BlobPipe::read(std::span<std::byte> buffer) {
  if (position_ == current_.size()) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || !next_.empty(); });
    if (failure_) std::rethrow_exception(failure_);
    current_.clear();
    position_ = 0;
    std::swap(current_, next_);
    lock.unlock();
    changed_.notify_all();
  }
  const std::size_t count = std::min(buffer.size(), current_.size() - position_);
  std::copy_n(current_.begin() + static_cast<std::ptrdiff_t>(position_), count, buffer.begin());
  position_ += count;
  return count;
}

}  // namespace ibuild::remote
