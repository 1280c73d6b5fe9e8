#include "builder/remote/early_uploads.h"

#include <exception>

#include "base/error.h"
#include "builder/remote/image_uploader.h"

namespace ibuild::remote {

namespace {

/// Steps are at work meanwhile, and may need the line and the processors themselves.
constexpr std::size_t kMaxWorkers = 2;

}  // namespace

EarlyUploads::~EarlyUploads() {
  for (auto& worker : workers_) worker.request_stop();
}

void EarlyUploads::begin(const image::Descriptor& blob, const image::Reference& repository) {
  const std::scoped_lock lock(mutex_);
  Key key{repository.name(), blob.digest};
  if (!uploads_.try_emplace(key, Upload{.blob = blob, .repository = repository}).second) return;
  waiting_.push_back(std::move(key));
  if (workers_.size() < kMaxWorkers) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  } else {
    changed_.notify_all();
  }
}

bool EarlyUploads::finish(const base::Digest& blob, const image::Reference& repository,
                          std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const auto found = uploads_.find({repository.name(), blob});
  if (found == uploads_.end()) return false;
  Upload& upload = found->second;
  if (upload.state == State::waiting) upload.state = State::failed;  // no worker takes it any more
  if (!changed_.wait(lock, std::move(stop), [&] { return upload.state != State::under_way; }))
    throw base::CancelledError();
  return upload.state == State::sent;
}

void EarlyUploads::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    Upload& upload = uploads_.at(waiting_.front());
    waiting_.pop_front();
    if (upload.state != State::waiting) continue;
    upload.state = State::under_way;
    lock.unlock();
    const bool sent = send(upload, stop);
    lock.lock();
    upload.state = sent ? State::sent : State::failed;
    changed_.notify_all();
  }
}

bool EarlyUploads::send(const Upload& upload, const std::stop_token& stop) const {
  builder::NullEventSink events;  // nobody looks before the push proper
  try {
    ImageUploader(loader_, 0, events, stop).push_blobs(upload.repository, {{upload.blob, {}}});
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace ibuild::remote
