#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "builder/vertex_watch.h"

namespace ibuild::cli {

/// Shows what is asked of registries and web servers as a vertex of its own, which is there from
/// the first request on. Thread: any.
class RequestTrace {
 public:
  explicit RequestTrace(builder::EventSink& events) : events_(events) {}

  void add(const std::string& request);
  /// No request comes any more.
  void close();

 private:
  builder::EventSink& events_;
  std::mutex mutex_;
  std::optional<builder::VertexWatch> watch_;  // guarded by mutex_
};

}  // namespace ibuild::cli
