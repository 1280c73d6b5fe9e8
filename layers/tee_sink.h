#pragma once

#include "base/stream.h"

namespace ibuild::layers {

/// Passes on what is written to one or two others; null stands for nobody. They outlive it.
class TeeSink : public base::ByteSink {
 public:
  TeeSink(base::ByteSink* first, base::ByteSink* second) : first_(first), second_(second) {}
  void write(base::Bytes bytes) override {
    if (first_ != nullptr) first_->write(bytes);
    if (second_ != nullptr) second_->write(bytes);
  }

 private:
  base::ByteSink* first_;
  base::ByteSink* second_;
};

}  // namespace ibuild::layers
