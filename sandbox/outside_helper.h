#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "base/child.h"

namespace ibuild::sandbox {

/// A child that stays in the old user namespace and does one thing there for this process, which
/// has gone into a new one: only from outside more than one id can be mapped.
class OutsideHelper {
 public:
  /// `work` is called in the child, with this process' number. Requires: one thread.
  explicit OutsideHelper(const std::function<void(pid_t)>& work);
  OutsideHelper(const OutsideHelper&) = delete;
  OutsideHelper& operator=(const OutsideHelper&) = delete;
  ~OutsideHelper();
  /// Has the work done. Empty when it is; else what it threw.
  std::string ask();

 private:
  [[noreturn]] void serve(pid_t parent, const std::function<void(pid_t)>& work) noexcept;

  base::Pipe order_;
  base::Pipe answer_;
  pid_t pid_ = -1;
};

}  // namespace ibuild::sandbox
