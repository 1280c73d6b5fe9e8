#include "cli/request_trace.h"

#include <limits>

namespace ibuild::cli {

namespace {
// No vertex of the builder's, nor one of the build command's.
constexpr builder::VertexId kTraceVertex = std::numeric_limits<builder::VertexId>::max() - 2;
}  // namespace

void RequestTrace::add(const std::string& request) {
  const std::lock_guard lock(mutex_);
  if (!watch_) watch_.emplace(events_, kTraceVertex, "[internal] requests");
  watch_->note(request);
}

void RequestTrace::close() {
  const std::lock_guard lock(mutex_);
  if (watch_) watch_->done();
}

}  // namespace ibuild::cli
