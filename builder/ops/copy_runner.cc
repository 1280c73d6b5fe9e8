#include "builder/ops/copy_runner.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "builder/export/blobs_ahead.h"
#include "builder/ops/told_files.h"
#include "builder/plan/located.h"
#include "builder/tree/layered_tree.h"
#include "parser/go_quote.h"

namespace ibuild::builder {
namespace {

/// Of a remote source counts what it brings, not where it is.
std::vector<std::string> described_paths(const CopyOp& op) {
  std::vector<std::string> texts;
  for (const auto& path : op.paths) texts.push_back(path.is_local() ? path.text : "<remote>");
  return texts;
}

/// The operation as text, everything quoted.
std::string describe_op(const CopyOp& op) {
  std::string text = op.verb == CopyOp::Verb::add ? "ADD" : "COPY";
  text += " " + parser::go_quote_list(described_paths(op)) + " " + parser::go_quote(op.destination);
  text += " chown=" + parser::go_quote(op.chown) + " chmod=" + parser::go_quote(op.chmod);
  text += " exclude=" + parser::go_quote_list(op.excludes);
  if (op.link) text += " link";
  if (op.parents) text += " parents";
  if (op.unpack) text += " unpack";
  if (op.unpack_remote) text += " unpack-remote";
  return text;
}

base::TimePoint newest_time(const std::vector<SelectedSource>& sources, base::TimePoint otherwise) {
  std::optional<base::TimePoint> newest;
  const auto see = [&](const SourceFile& file) {
    newest = std::max(newest.value_or(file.entry.mtime), file.entry.mtime);
  };
  for (const auto& source : sources) {
    see(source.root);
    for (const auto& entry : source.entries) see(entry.file);
  }
  return newest.value_or(otherwise);
}

/// BuildKit makes the file of a heredoc in an empty tree, and no directory for it.
void check_inline_name(const std::string& name) {
  const auto path = base::RelPath::clean(name);
  if (path.is_root() || !path.parent().is_root())
    throw base::UsageError("a heredoc cannot be a file of the name \"" + base::printable(name) +
                           "\"");
}

}  // namespace

StepKey CopyRunner::basic_key() {
  StepKey key;
  key.add("op", describe_op(op_));
  if (!op_.link) {
    add_parent(key, input_);
  } else if (UserLookup::needs_files(op_.chown)) {
    const auto chain = input_.parent();
    input_.scope.fetch.ensure_indexes(chain, input_.stop);
    const LayeredTree image(input_.scope.services.store.layers(), chain, "the image", input_.stop);
    const Owner owner =
        located(input_.step.range, [&] { return UserLookup(image).find_owner(op_.chown); });
    key.add("owner", std::to_string(owner.uid) + ":" + std::to_string(owner.gid));
  }
  for (const auto& file : op_.inline_files) key.add("inline", file.name + "\n" + file.content);
  add_epoch(key, input_);
  return key;
}

StepKey CopyRunner::quick_key() {
  StepKey key = basic_key();
  sources_.add_quick(key);
  return key;
}

std::optional<StepKey> CopyRunner::content_key() {
  if (!sources_.has_content_key()) return std::nullopt;
  StepKey key = basic_key();
  sources_.add_content(key);
  return key;
}

void CopyRunner::add_details(StepKey& key) {
  std::vector<const SelectedSource*> sources;
  for (const auto& source : sources_.all()) sources.push_back(&source);
  key.set_files(
      [sources = std::move(sources)](const TakeFile& take) { tell_files(sources, take); });
}

DestinationTree::Rules CopyRunner::rules(const SourceTree& image) const {
  DestinationTree::Rules rules;
  if (!op_.chown.empty()) rules.chown = UserLookup(image).find_owner(op_.chown);
  if (!op_.chmod.empty()) {
    rules.chmod = parser::FileMode::parse(op_.chmod);
    // An octal mode is that of new directories above as well; a symbolic one has nothing to change
    // there.
    const bool octal = op_.chmod.find_first_not_of("01234567") == std::string::npos;
    if (octal) rules.made_directory_mode = rules.chmod->apply(0, /*is_dir=*/true) & 0777;
  }
  const auto& clock = input_.scope.clock;
  if (clock.is_fixed()) rules.latest_time = clock.now();
  return rules;
}

void CopyRunner::place(const SelectedSource& source, const CopyDestination& destination,
                       DestinationTree& tree) {
  if (!sources_.wants_unpacked(source) || !is_archive(*source.tree, source.root))
    return place_source(source, destination, tree);
  const auto& temp = input_.scope.services.store.temp();
  try {
    archives_.emplace_back(*source.tree, source.root, temp, input_.stop);
  } catch (const base::ContentError& error) {
    throw base::UsageError("the archive " + base::printable(source.root.path().absolute()) + ": " +
                           error.what());
  }
  archives_.back().place(destination.path, tree,
                         [&](const std::string& message) { input_.warn(message); });
}

void CopyRunner::place_everything(DestinationTree& tree) {
  const auto destination = CopyDestination::parse(op_.destination);
  for (const auto& source : sources_.all()) place(source, destination, tree);
  for (const auto& file : op_.inline_files) {
    check_inline_name(file.name);
    const auto& inline_tree = inline_trees_.emplace_back(file, input_.scope.clock.now());
    const auto& root = inline_tree.file();
    inline_sources_.push_back({&inline_tree, root, std::string(root.path().name()), {}});
    place_source(inline_sources_.back(), destination, tree);
  }
}

std::optional<layers::Layer> CopyRunner::run() {
  // --link does not look at what it lands on.
  const bool needs_parent = !op_.link || UserLookup::needs_files(op_.chown);
  const auto chain = needs_parent ? input_.parent() : layers::LayerChain{};
  input_.scope.fetch.ensure_indexes(chain, input_.stop);
  const auto& store = input_.scope.services.store.layers();
  const LayeredTree image(store, chain, "the image", input_.stop);
  const layers::TreeView nothing({});
  const auto builder = store.begin_layer(input_.scope.ahead.beside(input_.step.id));
  auto rules = located(
      input_.step.range, [&] { return this->rules(image); }, "copy-failed");
  const auto now = input_.scope.clock.now();
  rules.made_directory_time = op_.paths.empty() ? now : newest_time(sources_.all(), now);
  DestinationTree tree(op_.link ? nothing : image.view(), std::move(rules));
  located(
      input_.step.range, [&] { place_everything(tree); }, "copy-failed");
  const auto opener = [&](const layers::TreeView::Node& node) {
    return store.open_file(chain[node.layer], *node.entry);
  };
  tree.leave_out_unchanged(opener, input_.stop);
  if (tree.empty()) return std::nullopt;
  tree.write(
      *builder, opener, [&](const std::string& message) { input_.warn(message); }, input_.stop);
  sources_.forget();
  return builder->commit();
}

}  // namespace ibuild::builder
