#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "builder/ops/archive_contents.h"
#include "builder/ops/copy_layout.h"
#include "builder/ops/copy_selection.h"
#include "builder/ops/copy_sources.h"
#include "builder/ops/destination_tree.h"
#include "builder/ops/op_runner.h"
#include "builder/tree/inline_tree.h"

namespace ibuild::builder {

/// COPY and ADD: the layer is written straight from the source, the destination is resolved on the
/// indexes of the layers below.
class CopyRunner : public OpRunner {
 public:
  CopyRunner(const CopyOp& op, const StepInput& input)
      : op_(op), input_(input), sources_(op, input) {}
  StepKey quick_key() override;
  std::optional<StepKey> content_key() override;
  void add_details(StepKey& key) override;
  std::optional<layers::Layer> run() override;

 private:
  StepKey basic_key();
  DestinationTree::Rules rules(const SourceTree& image) const;
  void place_everything(DestinationTree& tree);
  void place(const SelectedSource& source, const CopyDestination& destination,
             DestinationTree& tree);

  const CopyOp& op_;
  const StepInput& input_;
  CopySources sources_;
  // What the tree being written refers to:
  std::deque<InlineTree> inline_trees_;
  std::deque<SelectedSource> inline_sources_;
  std::deque<ArchiveContents> archives_;
};

}  // namespace ibuild::builder
