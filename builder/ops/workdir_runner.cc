#include "builder/ops/workdir_runner.h"

#include "base/error.h"
#include "builder/export/blobs_ahead.h"
#include "builder/ops/destination_tree.h"
#include "builder/ops/user_lookup.h"
#include "builder/plan/located.h"
#include "builder/tree/layered_tree.h"

namespace ibuild::builder {
namespace {

/// Who owns a new working directory. A user whom the image does not know is no fault yet: nothing
/// runs as him here.
Owner owner_of(const std::string& user, const SourceTree& image, const StepInput& input) {
  try {
    return UserLookup(image).find_owner(user);
  } catch (const base::UsageError& error) {
    input.warn(std::string("WORKDIR belongs to root: ") + error.what() +
               (error.hint().empty() ? "" : " (" + error.hint() + ")"));
    return {};
  }
}

}  // namespace

StepKey WorkdirRunner::quick_key() {
  StepKey key;
  key.add("op", "WORKDIR " + op_.path + " user " + op_.user);
  add_parent(key, input_);
  add_epoch(key, input_);
  return key;
}

std::optional<layers::Layer> WorkdirRunner::run() {
  const auto chain = input_.parent();
  input_.scope.fetch.ensure_indexes(chain, input_.stop);
  const auto& store = input_.scope.services.store.layers();
  const LayeredTree image(store, chain, "the image", input_.stop);
  const auto wanted = base::RelPath::clean(op_.path);
  DestinationTree::Rules rules;
  rules.made_directory_time = input_.scope.clock.now();
  const bool is_there = located(
      input_.step.range,
      [&] {
        const DestinationTree probe(image.view(), rules);
        return probe.is_directory(probe.resolve(wanted));
      },
      "workdir-failed");
  if (is_there) return std::nullopt;
  if (!op_.user.empty()) rules.chown = owner_of(op_.user, image, input_);
  DestinationTree tree(image.view(), rules);
  located(
      input_.step.range, [&] { tree.make_directories(tree.resolve(wanted)); }, "workdir-failed");
  const auto builder = store.begin_layer(input_.scope.ahead.beside(input_.step.id));
  tree.write(
      *builder, {}, [&](const std::string& message) { input_.warn(message); }, input_.stop);
  return builder->commit();
}

}  // namespace ibuild::builder
