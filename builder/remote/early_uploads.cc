#include "builder/remote/early_uploads.h"

#include <exception>
#include <utility>

#include "base/error.h"
#include "builder/remote/image_uploader.h"
#include "registry/registry_client.h"

namespace ibuild::remote {

namespace {

/// Steps are at work meanwhile, and may need the line and the processors themselves.
constexpr std::size_t kMaxWorkers = 2;

/// A smaller blob is sent at once when it is complete, if it has to be sent at all.
constexpr std::uint64_t kGrowingFromBytes = 8 << 20;

/// A stream's view of the file.
class GrowingReader : public registry::GrowingBlob {
 public:
  explicit GrowingReader(GrowingFile& file) : file_(file) {}
  Extent wait_for(std::uint64_t size_bytes, std::stop_token stop) override {
    return file_.wait_for(size_bytes, std::move(stop));
  }
  std::unique_ptr<base::ByteSource> open() override { return file_.open(); }

 private:
  GrowingFile& file_;
};

}  // namespace

class EarlyUploads::Watcher : public layers::BlobWatcher {
 public:
  Watcher(EarlyUploads& uploads, std::vector<image::Reference> repositories)
      : uploads_(uploads), repositories_(std::move(repositories)) {}
  ~Watcher() override { file_->give_up(); }

  void grown(int fd, std::uint64_t size_bytes) override {
    if (size_bytes < kGrowingFromBytes) return;
    file_->grow(fd, size_bytes);
    // Each has one stream.
    for (const auto& repository : std::exchange(repositories_, {}))
      uploads_.start_stream(repository, file_);
  }
  void complete(const image::Descriptor& blob) override {
    uploads_.name_streams(*file_, blob);
    file_->complete(blob);
  }

 private:
  EarlyUploads& uploads_;
  std::vector<image::Reference> repositories_;  // that have no stream yet
  const std::shared_ptr<GrowingFile> file_ = std::make_shared<GrowingFile>();
};

EarlyUploads::~EarlyUploads() {
  for (auto& worker : workers_) worker.request_stop();
  for (auto& stream : streams_) stream.thread.request_stop();
}

std::shared_ptr<layers::BlobWatcher> EarlyUploads::begin_growing(
    const std::vector<image::Reference>& names) {
  std::map<std::string, image::Reference> repositories;
  for (const auto& name : names) repositories.emplace(name.name(), name);
  std::vector<image::Reference> unique;
  unique.reserve(repositories.size());
  for (const auto& [name, repository] : repositories) unique.push_back(repository);
  return std::make_shared<Watcher>(*this, std::move(unique));
}

void EarlyUploads::start_stream(const image::Reference& repository,
                                std::shared_ptr<GrowingFile> file) {
  const std::scoped_lock lock(mutex_);
  auto& stream = streams_.emplace_back(Stream{.repository = repository, .file = std::move(file)});
  stream.thread =
      std::jthread([this, &stream](const std::stop_token& stop) { send_growing(stream, stop); });
}

void EarlyUploads::name_streams(const GrowingFile& file, const image::Descriptor& blob) {
  const std::scoped_lock lock(mutex_);
  for (auto& stream : streams_) {
    if (stream.file.get() != &file || stream.state != State::under_way) continue;
    Key key{stream.repository.name(), blob.digest};
    const Upload upload{.blob = blob, .repository = stream.repository, .state = State::under_way};
    if (uploads_.try_emplace(key, upload).second) stream.upload = std::move(key);
  }
}

void EarlyUploads::send_growing(Stream& stream, const std::stop_token& stop) {
  auto state = State::failed;
  try {
    auto& client = loader_.registry().client();
    if (client.is_new_repository(stream.repository, stop)) {
      GrowingReader reader(*stream.file);
      client.push_growing_blob(stream.repository, reader, stop);
      state = State::sent;
    }
  } catch (const std::exception&) {
    // For the push proper, as in send().
  }
  const std::scoped_lock lock(mutex_);
  stream.state = state;
  stream.file.reset();
  if (!stream.upload) return;
  uploads_.at(*stream.upload).state = state;
  if (state == State::sent) loader_.origins().remember(stream.upload->second, stream.repository);
  changed_.notify_all();
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
    const UploadBlob blob{.descriptor = upload.blob, .provider = {}};
    ImageUploader(loader_, 0, events, stop).push_blob(upload.repository, blob, stop);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace ibuild::remote
