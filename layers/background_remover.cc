#include "layers/background_remover.h"

#include <utility>

namespace ibuild::layers {

namespace {

constexpr std::size_t kMostWaiting = 16;

}  // namespace

BackgroundRemover::~BackgroundRemover() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void BackgroundRemover::remove(base::TempDir folder, base::DirFd inside) noexcept {
  Item item{std::move(folder), std::move(inside)};
  try {
    const std::lock_guard lock(mutex_);
    if (items_.size() >= kMostWaiting) return;  // removed by the item's end
    if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
    items_.push_back(std::move(item));
  } catch (const std::exception&) {
    return;  // likewise
  }
  changed_.notify_one();
}

void BackgroundRemover::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ends_ || !items_.empty(); });
    if (items_.empty()) return;
    {
      const Item item = std::move(items_.front());
      items_.pop_front();
      lock.unlock();
    }
    lock.lock();
  }
}

}  // namespace ibuild::layers
