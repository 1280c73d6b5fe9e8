#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/files.h"
#include "base/fs_at.h"

namespace ibuild::layers {

/// Removes folders that nobody waits for on a thread of its own: where a file system gives blocks
/// back to its device at once (ext4, `discard`), each directory takes as long as a step's set-up.
/// Thread: any. The destructor waits until all are gone.
class BackgroundRemover {
 public:
  BackgroundRemover() = default;
  BackgroundRemover(const BackgroundRemover&) = delete;
  BackgroundRemover& operator=(const BackgroundRemover&) = delete;
  ~BackgroundRemover();
  /// `inside`: a directory of the folder that is open and is closed then. When many wait already,
  /// or there can be no thread, it is done before this returns.
  void remove(base::TempDir folder, base::DirFd inside) noexcept;

 private:
  struct Item {
    base::TempDir folder;
    base::DirFd inside;  // closed first: else its blocks would be given back only afterwards
  };
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace ibuild::layers
