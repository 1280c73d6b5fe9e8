#include "layers/hash_pipeline.h"

#include <algorithm>

namespace ibuild::layers {

namespace {

constexpr std::size_t kBlockBytes = 1 << 20;

}  // namespace

HashPipeline::~HashPipeline() {
  if (hashed_.valid()) hashed_.wait();  // the worker still uses our block
}

void HashPipeline::write(base::Bytes bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kBlockBytes - filling_.size());
    filling_.insert(filling_.end(), bytes.begin(),
                    bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (filling_.size() == kBlockBytes) flush();
  }
}

void HashPipeline::flush() {
  if (hashed_.valid()) hashed_.get();
  std::swap(filling_, hashing_);
  hashed_ = pool_.submit([this] { hash_.update(hashing_); });
  if (next_ != nullptr) next_->write(hashing_);
  filling_.clear();
  filling_.reserve(kBlockBytes);
}

base::Digest HashPipeline::finish() {
  if (hashed_.valid()) hashed_.get();
  hash_.update(filling_);
  if (next_ != nullptr) next_->write(filling_);
  filling_.clear();
  return hash_.finish();
}

}  // namespace ibuild::layers
