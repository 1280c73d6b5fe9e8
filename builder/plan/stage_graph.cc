#include "builder/plan/stage_graph.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "base/text.h"
#include "builder/plan/located.h"
#include "parser/mount.h"

namespace ibuild::builder {
namespace {

/// The instruction of a stage that needs another, or its FROM.
const parser::SourceRange& range_of_need(const StageNode& node, StageIndex needed) {
  for (const StageInstruction& instruction : node.instructions) {
    for (const SourceName& source : instruction.sources) {
      const auto* stage = std::get_if<StageIndex>(&source);
      if (stage != nullptr && *stage == needed) return instruction.range;
    }
  }
  return node.stage->from_instruction.range;
}

constexpr std::string_view kScratch = "scratch";

[[noreturn]] void fail(const char* code, const parser::SourceRange& range, std::string message,
                       const std::optional<std::string>& suggestion = std::nullopt) {
  if (suggestion) message += " (did you mean " + *suggestion + "?)";
  throw parser::DockerfileError(code, range, std::move(message));
}

}  // namespace

StageGraph::StageGraph(const parser::StageList& stages, const GlobalArgs& args, Wanted wanted)
    : list_(stages), wanted_(std::move(wanted)) {
  nodes_.reserve(stages.stages.size());
  for (const auto& stage : stages.stages) add_stage(stage, args);
  if (nodes_.empty())
    throw parser::DockerfileError("no-stage", {},
                                  "the dockerfile contains no stages to build: it has no FROM");
  resolve_target();
  for (auto& node : nodes_) {
    if (node.is_replaced) continue;
    node.instructions.reserve(node.stage->instructions.size());
    for (const auto& instruction : node.stage->instructions) {
      node.instructions.push_back(link(instruction, /*is_trigger=*/false, instruction.range));
    }
  }
  check_cycles();
  name_stages();
}

image::Platform StageGraph::read_platform(const parser::From& from, const GlobalArgs& args,
                                          const parser::SourceRange& range) const {
  const parser::Expander expander(list_.escape, args.lookup());
  const auto expanded = located(range, [&] { return expander.expand_word(from.platform); });
  std::optional<std::string> meant;
  for (const auto& name : expanded.unmatched) {
    if (!meant) meant = base::nearest_word(name, args.names());
  }
  if (expanded.text.empty()) {
    fail("bad-platform", range,
         "empty platform value from expression " + base::printable(from.platform), meant);
  }
  try {
    return image::parse_platform(expanded.text);
  } catch (const base::UsageError& error) {
    fail("bad-platform", range,
         "failed to parse platform " + base::printable(from.platform) + ": " + error.what(), meant);
  }
}

void StageGraph::add_stage(const parser::Stage& stage, const GlobalArgs& args) {
  const auto& range = stage.from_instruction.range;
  const parser::Expander expander(list_.escape, args.lookup());
  StageNode node;
  node.stage = &stage;
  node.base_text = located(range, [&] { return expander.expand_word(stage.from.image).text; });
  if (node.base_text.empty()) {
    fail("blank-base", range,
         "base name (" + base::printable(stage.from.image) + ") should not be blank");
  }
  if (!stage.from.platform.empty()) node.platform = read_platform(stage.from, args, range);
  const auto replacement =
      stage.from.name.empty()
          ? std::nullopt
          : named_context(stage.from.name, node.platform.value_or(wanted_.platform));
  node.is_replaced = node.triggers_added = replacement.has_value();
  node.base = replacement ? *replacement : find_base(node);
  nodes_.push_back(std::move(node));
  if (!stage.from.name.empty()) by_name_[base::to_lower(stage.from.name)] = nodes_.size() - 1;
}

SourceName StageGraph::find_base(const StageNode& node) {
  // Of all that name a stage only FROM wants its name in lower case; BuildKit takes another one for
  // an image's.
  if (const auto stage = by_name_.find(node.base_text); stage != by_name_.end())
    return stage->second;
  if (node.base_text == kScratch) return FromScratch{};
  return image_source(node.base_text, node.stage->from_instruction.range,
                      node.platform.value_or(wanted_.platform));
}

std::optional<SourceName> StageGraph::named_context(const std::string& name,
                                                    const image::Platform& platform) {
  const auto key = wanted_.contexts.find(name, platform);
  if (!key) return std::nullopt;
  used_contexts_.insert(*key);
  const auto& spec = wanted_.contexts.at(*key);
  if (const auto* image = std::get_if<ImageContext>(&spec)) {
    if (!image->reference) return FromScratch{};
    return ImageRequest{image::with_default_tag(*image->reference), platform};
  }
  if (const auto* layout = std::get_if<LayoutContext>(&spec)) {
    const auto bare = key->substr(0, key->find("::"));
    return ImageRequest{image::with_default_tag(image::parse_reference(bare)), platform, *layout};
  }
  return FromContext{*key};
}

SourceName StageGraph::image_source(const std::string& text, const parser::SourceRange& range,
                                    const image::Platform& platform) {
  if (auto context = named_context(text, platform)) return *std::move(context);
  try {
    return ImageRequest{image::with_default_tag(image::parse_reference(text, wanted_.short_names)),
                        platform};
  } catch (const base::UsageError& error) {
    fail("bad-reference", range,
         "\"" + base::printable(text) + "\" is no stage and no image name: " + error.what(),
         base::nearest_word(text, stage_names()));
  }
}

void StageGraph::resolve_target() {
  const std::string& target = wanted_.target;
  target_ = nodes_.size() - 1;
  if (target.empty()) return;
  if (const auto stage = by_name_.find(base::to_lower(target)); stage != by_name_.end()) {
    target_ = stage->second;
    return;
  }
  const auto index = base::parse_u64(target);
  if (index && *index < nodes_.size()) {
    target_ = *index;
    return;
  }
  // Whoever asks for it is at fault, not a line of the file.
  fail("unknown-target", {}, "target stage \"" + base::printable(target) + "\" could not be found",
       base::nearest_word(target, stage_names()));
}

SourceName StageGraph::find_copy_source(const std::string& from, const parser::SourceRange& range) {
  if (from.empty()) return FromContext{};
  const bool has_plus = from.starts_with('+') && !from.starts_with("+-");  // as Go reads numbers
  if (const auto index = base::parse_i64(has_plus ? from.substr(1) : from)) {
    if (*index < 0 || static_cast<std::uint64_t>(*index) >= nodes_.size()) {
      fail("bad-stage-index", range, "invalid stage index " + std::to_string(*index));
    }
    return static_cast<StageIndex>(*index);
  }
  if (from.find('$') != std::string::npos) {
    fail("variable-in-from", range,
         "variable expansion is not supported for --from, define a new stage with FROM using "
         "ARG from global scope as a workaround");
  }
  return find_mount_source(from, range);
}

SourceName StageGraph::find_mount_source(const std::string& from,
                                         const parser::SourceRange& range) {
  if (const auto stage = by_name_.find(base::to_lower(from)); stage != by_name_.end())
    return stage->second;
  if (from == kScratch) return FromScratch{};
  return image_source(from, range, wanted_.platform);
}

StageInstruction StageGraph::link(const parser::Instruction& instruction, bool is_trigger,
                                  const parser::SourceRange& range) {
  StageInstruction linked{&instruction, is_trigger, {}, range};
  if (const auto* copy = std::get_if<parser::Copy>(&instruction.body)) {
    linked.sources.push_back(find_copy_source(copy->from, range));
  } else if (const auto* run = std::get_if<parser::Run>(&instruction.body)) {
    for (const auto& mount : run->mounts) {
      const std::string from = located(
          range, [&] { return parser::mount_from(mount.text); }, "bad-mount");
      linked.sources.push_back(from.empty() ? SourceName(FromContext{})
                                            : find_mount_source(from, range));
    }
  }
  return linked;
}

std::vector<StageIndex> StageGraph::needs_of(StageIndex stage) const {
  std::vector<StageIndex> needs;
  const auto& node = nodes_[stage];
  if (const auto* base = std::get_if<StageIndex>(&node.base)) needs.push_back(*base);
  for (const auto& instruction : node.instructions) {
    for (const auto& source : instruction.sources) {
      if (const auto* index = std::get_if<StageIndex>(&source)) needs.push_back(*index);
    }
  }
  return needs;
}

void StageGraph::visit(StageIndex stage, std::vector<int>& state,
                       std::vector<StageIndex>& order) const {
  // Without recursion: a file may chain thousands of stages. state: 0 new, 1 on the path, 2 done.
  std::vector<std::pair<StageIndex, std::vector<StageIndex>>> path;
  path.emplace_back(stage, needs_of(stage));
  state[stage] = 1;
  while (!path.empty()) {
    auto& [current, needs] = path.back();
    if (needs.empty()) {
      state[current] = 2;
      order.push_back(current);
      path.pop_back();
      continue;
    }
    const StageIndex next = needs.back();
    needs.pop_back();
    if (state[next] == 1) {
      // The stage where the search began is named, with the way out of it, as BuildKit does.
      const auto& node = nodes_[stage];
      fail("circular-stages", range_of_need(node, path.size() > 1 ? path[1].first : next),
           "circular dependency detected on stage: " + (node.stage->from.name.empty()
                                                            ? "stage-" + std::to_string(stage)
                                                            : node.stage->from.name));
    }
    if (state[next] == 0) {
      state[next] = 1;
      path.emplace_back(next, needs_of(next));
    }
  }
}

void StageGraph::check_cycles() const {
  std::vector<int> state(nodes_.size(), 0);
  std::vector<StageIndex> order;
  for (StageIndex stage = 0; stage < nodes_.size(); ++stage) {
    if (state[stage] == 0) visit(stage, state, order);
  }
}

std::vector<StageIndex> StageGraph::reachable() const {
  std::vector<int> state(nodes_.size(), 0);
  std::vector<StageIndex> order;
  visit(target_, state, order);
  for (StageIndex stage = 0; needs_all_ && stage < nodes_.size(); ++stage) {
    if (state[stage] == 0) visit(stage, state, order);
  }
  std::sort(order.begin(), order.end());
  return order;
}

void StageGraph::name_stages() {
  // As BuildKit counts: an image or mount that is no stage of the file makes a lone stage show its
  // name.
  bool alone = nodes_.size() == 1;
  for (const auto& node : nodes_) {
    for (const auto& instruction : node.instructions) {
      const bool is_run = std::holds_alternative<parser::Run>(instruction.instruction->body);
      for (const auto& source : instruction.sources) {
        const auto* context = std::get_if<FromContext>(&source);
        const bool is_own_context = context != nullptr && context->name.empty();
        if (!std::holds_alternative<StageIndex>(source) && (is_run || !is_own_context))
          alone = false;
      }
    }
  }
  for (StageIndex i = 0; i < nodes_.size(); ++i) {
    const auto& name = nodes_[i].stage->from.name;
    nodes_[i].shown_name = alone ? "" : name.empty() ? "stage-" + std::to_string(i) : name;
  }
}

std::map<ImageRequest, parser::SourceRange> StageGraph::needed_images() const {
  std::map<ImageRequest, parser::SourceRange> images;
  const auto note = [&](const SourceName& source, const parser::SourceRange& range) {
    if (const auto* image = std::get_if<ImageRequest>(&source)) images.emplace(*image, range);
  };
  for (const StageIndex stage : reachable()) {
    const auto& node = nodes_[stage];
    note(node.base, node.stage->from_instruction.range);
    for (const auto& instruction : node.instructions) {
      for (const auto& source : instruction.sources) note(source, instruction.range);
    }
  }
  return images;
}

void StageGraph::add_triggers(StageIndex stage, const std::vector<std::string>& expressions) {
  auto& node = nodes_[stage];
  node.triggers_added = true;
  std::vector<StageInstruction> linked;
  const auto& range = node.stage->from_instruction.range;
  for (const auto& expression : expressions) {
    parser::Diagnostics ignored;
    try {
      triggers_.push_back(parser::parse_onbuild_trigger(expression, ignored));
    } catch (const parser::DockerfileError& error) {
      parser::DockerfileError placed(error.code(), range,
                                     "of the base image: " + std::string(error.what()));
      placed.set_hint(error.hint());
      throw placed;
    }
    linked.push_back(link(triggers_.back(), /*is_trigger=*/true, range));
  }
  node.instructions.insert(node.instructions.begin(), linked.begin(), linked.end());
  if (!linked.empty()) check_cycles();
}

std::vector<std::string> StageGraph::triggers_left_by(StageIndex stage) const {
  std::vector<std::string> expressions;
  for (const auto& instruction : nodes_[stage].instructions) {
    if (const auto* trigger = std::get_if<parser::OnBuild>(&instruction.instruction->body)) {
      expressions.push_back(trigger->expression);
    }
  }
  return expressions;
}

std::vector<std::string> StageGraph::stage_names() const {
  std::vector<std::string> names;
  for (const auto& node : nodes_) {
    if (!node.stage->from.name.empty()) names.push_back(node.stage->from.name);
  }
  return names;
}

std::vector<std::string> StageGraph::stage_names_for(const parser::SourceRange& place) const {
  const auto line_of = [](const StageNode& node) {
    return node.stage->from_instruction.range.start.line;
  };
  const auto below = std::ranges::find_if(
      nodes_, [&](const StageNode& node) { return line_of(node) > place.start.line; });
  if (below == nodes_.begin()) return stage_names();
  const auto own = std::prev(below);
  const bool is_base = line_of(*own) == place.start.line;
  std::vector<std::string> names;
  for (auto node = nodes_.begin(); node != (is_base ? own : nodes_.end()); ++node) {
    if (node != own && !node->stage->from.name.empty()) names.push_back(node->stage->from.name);
  }
  return names;
}

std::vector<std::string> StageGraph::source_names() const {
  std::vector<std::string> names = stage_names();
  const auto add = [&](const std::string& name) {
    if (!name.empty()) names.push_back(name);
  };
  for (const auto& node : nodes_) {
    add(node.base_text);
    for (const auto& instruction : node.stage->instructions) {
      if (const auto* copy = std::get_if<parser::Copy>(&instruction.body)) add(copy->from);
      const auto* run = std::get_if<parser::Run>(&instruction.body);
      if (run == nullptr) continue;
      for (const auto& mount : run->mounts) add(parser::mount_from(mount.text));
    }
  }
  return names;
}

std::set<std::string> StageGraph::declared_args() const {
  std::set<std::string> names;
  const auto collect = [&](const parser::Instruction& instruction) {
    const auto* arg = std::get_if<parser::Arg>(&instruction.body);
    if (arg == nullptr) return;
    for (const auto& definition : arg->definitions) names.insert(definition.name);
  };
  for (const auto& instruction : list_.global_args) collect(instruction);
  for (const auto& node : nodes_) {
    for (const auto& instruction : node.instructions) collect(*instruction.instruction);
  }
  return names;
}

}  // namespace ibuild::builder
