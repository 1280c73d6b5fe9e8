#pragma once

#include <atomic>

#include "builder/events.h"

namespace ibuild::builder {

/// Hands out the numbers of vertices, 1 first. For any thread.
class VertexNumbers {
 public:
  VertexId next() { return next_.fetch_add(1); }

 private:
  std::atomic<VertexId> next_{1};
};

}  // namespace ibuild::builder
