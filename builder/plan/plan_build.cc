#include "builder/plan/plan_build.h"

#include <algorithm>
#include <utility>

#include "base/expect_more.h"
#include "base/text.h"
#include "builder/plan/env_list.h"
#include "builder/plan/instruction_planner.h"
#include "builder/plan/located.h"
#include "builder/plan/scan_args.h"
#include "builder/plan/stage_state.h"
#include "builder/plan/step_collector.h"

namespace ibuild::builder {
namespace {

/// What the plans of all platforms have in common.
struct Common {
  const BaseTable& bases;
  const BuildRequest& request;
  char escape;
  ResultShape shape;
  StepCollector steps;
  std::map<ImageRequest, StepId> image_steps;
  parser::ExpansionMeter meter;
  std::optional<parser::DockerfileError> obstacle;
};

/// Plans the stages for one platform in the order of the file.
class StagesPlanner {
 public:
  StagesPlanner(const PlatformTarget& target, Common& common)
      : platform_(target.platform), graph_(target.graph), args_(target.args), common_(common) {}

  PlannedImage plan() {
    const auto stages = graph_.reachable();
    ++awaited_[graph_.target()];
    for (const StageIndex stage : stages) {
      if (const auto* base = std::get_if<StageIndex>(&graph_.stages()[stage].base))
        ++awaited_[*base];
    }
    for (const StageIndex stage : stages) plan_stage(stage);
    auto image = make_image(take_state(graph_.target()));
    image.scans = std::move(scans_);
    return image;
  }

 private:
  void plan_stage(StageIndex index);
  void plan_scans(StageIndex index, const StageState& state);
  StepId context_step(const StageState& state, const parser::SourceRange& range);
  void start_stage(StageIndex index, StageState& state);
  void start_from_image(const ImageRequest& request, const parser::SourceRange& range,
                        StageState& state);
  void start_from_context(const FromContext& context, const StageNode& node, StageState& state);
  std::optional<StepId> image_step(const ImageRequest& asked, const parser::SourceRange& range,
                                   std::string prefix);
  FileSource find_source(const SourceName& source, const std::string& text, const std::string& what,
                         const parser::SourceRange& range, const StageState& state);
  bool ignores_cache(const std::string& stage_name) const;
  StageState take_state(StageIndex stage);
  PlannedImage make_image(StageState state) const;

  const image::Platform& platform_;
  const StageGraph& graph_;
  const GlobalArgs& args_;
  Common& common_;
  std::map<StageIndex, std::optional<StepId>> tips_;  // of the stages that are planned
  // States that are still to be built on, or to become the image; and how often.
  std::map<StageIndex, StageState> states_;
  std::map<StageIndex, std::size_t> awaited_;
  std::map<std::string, std::optional<StepId>> scans_;
};

bool makes_vertex(const StageInstruction& instruction) {
  const auto& body = instruction.instruction->body;
  return instruction.is_trigger || std::holds_alternative<parser::Run>(body) ||
         std::holds_alternative<parser::Copy>(body) || std::holds_alternative<parser::Add>(body) ||
         std::holds_alternative<parser::Workdir>(body);
}

bool StagesPlanner::ignores_cache(const std::string& stage_name) const {
  const auto& request = common_.request;
  if (request.no_cache) return true;
  return std::any_of(
      request.no_cache_stages.begin(), request.no_cache_stages.end(),
      [&](const std::string& name) { return !name.empty() && base::iequals(name, stage_name); });
}

void StagesPlanner::plan_stage(StageIndex index) {
  const auto& node = graph_.stages()[index];
  StageState state;
  state.shown_name = node.shown_name;
  state.identity = node.stage->from.name.empty() ? std::to_string(index) : node.stage->from.name;
  state.names_platform = common_.shape == ResultShape::index;
  if (state.names_platform) state.identity.insert(0, platform_.str() + " ");
  state.ignore_cache = ignores_cache(node.stage->from.name);
  start_stage(index, state);
  for (const auto name : {scan_arg::kStage, scan_arg::kContext}) {
    if (const auto value = args_.value(name)) apply_scan_arg(name, *value, state);
  }
  const InstructionPlanner::Context context{
      common_.request,
      args_,
      common_.steps,
      common_.escape,
      state.image.platform,
      [&](const SourceName& source, const std::string& text, const std::string& what,
          const parser::SourceRange& range) {
        return find_source(source, text, what, range, state);
      },
      common_.meter,
      common_.obstacle};
  InstructionPlanner planner(context, state);
  if (!common_.request.inherits_labels) state.image.config.labels.clear();
  if (!common_.request.env.empty()) planner.set_env(common_.request.env);
  common_.steps.expect(node.instructions.size());
  base::expect_more(state.history, node.instructions.size());
  for (const auto& instruction : node.instructions) planner.plan(instruction);
  tips_.emplace(index, state.tip);
  plan_scans(index, state);
  if (awaited_.contains(index)) states_.emplace(index, std::move(state));
}

/// The image itself has an SBOM anyway; only its stage says whether the context has one.
void StagesPlanner::plan_scans(StageIndex index, const StageState& state) {
  if (!common_.request.attestations.sbom) return;
  if (index != graph_.target()) {
    if (state.scan_stage) scans_.emplace(state.shown_name, state.tip);
  } else if (state.scan_context) {
    const auto& range = graph_.stages()[index].stage->from_instruction.range;
    scans_.emplace("context", context_step(state, range));
  }
}

/// All files of the build's context, in a layer that no image has.
StepId StagesPlanner::context_step(const StageState& state, const parser::SourceRange& range) {
  CopyOp op;
  op.from = ContextRef{};
  op.paths = {{"/"}};
  op.destination = "/";
  Step step;
  step.op = std::move(op);
  step.name = "[internal] context for its SBOM";
  step.identity = state.identity + "/context";
  step.platform = state.platform;
  step.ignore_cache = state.ignore_cache;
  step.range = range;
  return common_.steps.add(std::move(step));
}

/// The last one who asks gets the state itself: a chain of thousands of stages copies none.
StageState StagesPlanner::take_state(StageIndex stage) {
  const auto found = states_.find(stage);
  if (--awaited_.at(stage) > 0) return found->second;
  StageState state = std::move(found->second);
  states_.erase(found);
  return state;
}

void StagesPlanner::start_stage(StageIndex index, StageState& state) {
  const auto& node = graph_.stages()[index];
  const auto* base_stage = std::get_if<StageIndex>(&node.base);
  const auto* image = std::get_if<ImageRequest>(&node.base);
  state.vertices_total = static_cast<std::size_t>(
      std::count_if(node.instructions.begin(), node.instructions.end(), makes_vertex));
  const auto* context = std::get_if<FromContext>(&node.base);
  if (image != nullptr || context != nullptr) ++state.vertices_total;
  if (base_stage != nullptr) {
    located(node.stage->from_instruction.range, [&] { state.inherit(take_state(*base_stage)); });
  } else if (image != nullptr) {
    start_from_image(*image, node.stage->from_instruction.range, state);
  } else if (context != nullptr) {
    start_from_context(*context, node, state);
  } else {
    state.start_empty(platform_);
  }
}

void StagesPlanner::start_from_image(const ImageRequest& request, const parser::SourceRange& range,
                                     StageState& state) {
  const BaseImage& base = common_.bases.at(request);
  state.platform = image::normalize(request.platform);
  if (!base.layers.empty())
    state.tip = image_step(request, range, state.next_vertex_prefix(/*is_trigger=*/false));
  state.adopt_image(base.config);
  if (state.image.platform.os.empty()) state.image.platform = request.platform;
  state.image.platform = image::normalize(state.image.platform);
}

/// All files of the context, as a layer of its own on an image without anything.
void StagesPlanner::start_from_context(const FromContext& context, const StageNode& node,
                                       StageState& state) {
  state.start_empty(node.platform.value_or(platform_));
  CopyOp op;
  op.from = ContextRef{context.name};
  op.paths = {{"/"}};
  op.destination = "/";
  Step step;
  step.op = std::move(op);
  step.name = state.next_vertex_prefix(/*is_trigger=*/false) + "FROM context " + context.name;
  step.identity = state.identity + "/from";
  step.platform = state.platform;
  step.ignore_cache = state.ignore_cache;
  step.range = node.stage->from_instruction.range;
  state.tip = common_.steps.add(std::move(step));
  state.add_history("FROM context " + context.name + " # buildkit", state.tip);
}

std::optional<StepId> StagesPlanner::image_step(const ImageRequest& asked,
                                                const parser::SourceRange& range,
                                                std::string prefix) {
  const BaseImage& base = common_.bases.at(asked);
  const auto request = with_found_name(asked, base);
  if (const auto known = common_.image_steps.find(request); known != common_.image_steps.end())
    return known->second;
  if (base.layers.empty()) return std::nullopt;
  Step step;
  step.op = BaseOp{std::make_shared<const BaseImage>(base)};
  image::Reference shown = request.reference;
  shown.digest = base.digest;
  step.name = std::move(prefix) + "FROM " + shown.str();
  step.identity = "from/" + request.reference.str();
  step.platform = image::normalize(request.platform);
  step.range = range;
  const StepId id = common_.steps.add(std::move(step));
  common_.image_steps.emplace(request, id);
  return id;
}

FileSource StagesPlanner::find_source(const SourceName& source, const std::string& text,
                                      const std::string& what, const parser::SourceRange& range,
                                      const StageState& state) {
  if (const auto* context = std::get_if<FromContext>(&source)) return ContextRef{context->name};
  if (const auto* image = std::get_if<ImageRequest>(&source))
    return TreeRef{image_step(*image, range, ""), text};
  if (const auto* stage = std::get_if<StageIndex>(&source)) {
    const auto tip = tips_.find(*stage);
    if (tip != tips_.end()) return TreeRef{tip->second, text};
    throw parser::DockerfileError("stage-not-yet-defined", range,
                                  "cannot " + what + " from stage \"" + text +
                                      "\", it needs to be defined before current stage \"" +
                                      state.identity + "\"");
  }
  return TreeRef{std::nullopt, text};
}

/// A platform that was asked for stands in the result, whatever the base says; details that only
/// the base has are kept where it is for that platform at all.
image::Platform result_platform(const image::Platform& asked, const image::Platform& base) {
  image::Platform result = asked;
  if (asked.os == base.os && asked.architecture == base.architecture) {
    if (asked.variant.empty()) result.variant = base.variant;
    if (asked.os_version.empty()) result.os_version = base.os_version;
  }
  if (asked.os_features.empty()) result.os_features = base.os_features;
  return image::normalize(std::move(result));
}

void take_away(const BuildRequest& request, image::RuntimeConfig& config) {
  for (const auto& name : request.unset_labels) config.labels.erase(name);
  for (const auto& name : request.unset_env) {
    std::erase_if(config.env,
                  [&](const std::string& variable) { return split_env(variable).first == name; });
  }
}

PlannedImage StagesPlanner::make_image(StageState state) const {
  PlannedImage image;
  image.config = std::move(state.image);
  take_away(common_.request, image.config.config);
  for (const auto& [key, value] : common_.request.labels) image.config.config.labels[key] = value;
  if (!common_.request.platforms.empty())
    image.config.platform = result_platform(platform_, image.config.platform);
  image.history = std::move(state.history);
  image.tip = state.tip;
  image.platform = image.config.platform;
  return image;
}

}  // namespace

BuildPlan plan_build(const std::vector<PlatformTarget>& targets, const BaseTable& bases,
                     const BuildRequest& request, char escape) {
  Common common{bases, request, escape, result_shape(request), {}, {}, {}, {}};
  BuildPlan plan;
  for (const auto& target : targets) {
    common.steps.start_platform();
    plan.images.push_back(for_platform(target.platform, common.shape,
                                       [&] { return StagesPlanner(target, common).plan(); }));
    if (!common.obstacle || plan.obstacle) continue;
    plan.obstacle = common.obstacle;
    if (common.shape == ResultShape::index)
      plan.obstacle->add_context(target.platform.str_with_version());
  }
  plan.steps = common.steps.take();
  return plan;
}

}  // namespace ibuild::builder
