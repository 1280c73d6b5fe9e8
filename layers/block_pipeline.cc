#include "layers/block_pipeline.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>

namespace ibuild::layers {

namespace {

// With blocks of 1 MiB this keeps a pipeline under some 45 MiB on a machine of any size: a block in
// flight is either its input or its output, but for those being worked on.
constexpr std::size_t kMaxInFlight = 16;

}  // namespace

/// One block. Whoever claims it first works on it: a thread of the pool, or the thread that waits
/// for it. So nobody waits for work that has not begun, and a pipeline may be driven from a thread
/// of the pool itself.
class BlockPipeline::Task {
 public:
  Task(BlockBuffer input, std::shared_ptr<const Transform> transform)
      : input_(std::move(input)),
        transform_(std::move(transform)),
        output_(promise_.get_future()) {}

  void run_if_unclaimed() {
    if (claimed_.exchange(true)) return;
    try {
      BlockBuffer output = (*transform_)(input_.bytes());
      input_.data.reset();
      promise_.set_value(std::move(output));
    } catch (...) {
      promise_.set_exception(std::current_exception());
    }
  }
  void give_up() { claimed_ = true; }
  bool is_done() const {
    return output_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  BlockBuffer take_output() {
    run_if_unclaimed();
    return output_.get();
  }

 private:
  std::atomic<bool> claimed_ = false;
  BlockBuffer input_;
  std::shared_ptr<const Transform> transform_;
  std::promise<BlockBuffer> promise_;
  std::future<BlockBuffer> output_;
};

BlockPipeline::BlockPipeline(base::ThreadPool& pool, base::ByteSink& out, Transform transform)
    : pool_(pool),
      out_(out),
      max_in_flight_(std::min(pool.size() * 2, kMaxInFlight)),
      transform_(std::make_shared<const Transform>(std::move(transform))) {}

BlockPipeline::~BlockPipeline() {
  for (const auto& task : tasks_) task->give_up();
}

void BlockPipeline::push(BlockBuffer block) {
  const auto task = std::make_shared<Task>(std::move(block), transform_);
  tasks_.push_back(task);
  pool_.submit([task] { task->run_if_unclaimed(); });
  while (!tasks_.empty() && (tasks_.size() > max_in_flight_ || tasks_.front()->is_done())) {
    write_first();
  }
}

void BlockPipeline::drain() {
  while (!tasks_.empty()) write_first();
}

void BlockPipeline::write_first() {
  const auto task = std::move(tasks_.front());
  tasks_.pop_front();
  const BlockBuffer output = task->take_output();
  out_.write(output.bytes());
}

}  // namespace ibuild::layers
