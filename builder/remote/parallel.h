#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <vector>

namespace ibuild::remote {

/// Something that waits more than it computes. The token is requested when the caller stops or
/// another task failed.
using Task = std::function<void(std::stop_token)>;

/// Runs all tasks, at most `limit` at once, and waits. The first failure stops the others and is
/// thrown; where several fail, a failure counts before a cancellation. Throws: what a task threw,
/// CancelledError when `stop` was requested.
void run_parallel(std::vector<Task> tasks, std::size_t limit, std::stop_token stop);

}  // namespace ibuild::remote
