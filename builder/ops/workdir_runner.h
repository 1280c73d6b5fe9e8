#pragma once

#include "builder/ops/op_runner.h"

namespace ibuild::builder {

/// WORKDIR: a layer with the directory, only where the image does not have it.
class WorkdirRunner : public OpRunner {
 public:
  WorkdirRunner(const WorkdirOp& op, const StepInput& input) : op_(op), input_(input) {}
  StepKey quick_key() override;
  std::optional<layers::Layer> run() override;

 private:
  const WorkdirOp& op_;
  const StepInput& input_;
};

}  // namespace ibuild::builder
