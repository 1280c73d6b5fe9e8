#include "builder/plan/plan_build.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "builder/plan/instruction_planner.h"
#include "builder/plan/stage_state.h"

namespace ibuild::builder {
namespace {

/// Plans the stages in the order of the file.
class StagesPlanner {
 public:
  StagesPlanner(const StageGraph& graph, const GlobalArgs& args, const BaseTable& bases,
                const BuildRequest& request, char escape)
      : graph_(graph), args_(args), bases_(bases), request_(request), escape_(escape) {}

  BuildPlan plan() {
    for (const StageIndex stage : graph_.reachable()) plan_stage(stage);
    finish_image(done_.at(graph_.target()));
    return std::move(plan_);
  }

 private:
  void plan_stage(StageIndex index);
  void start_stage(StageIndex index, StageState& state);
  void start_from_image(const ImageRequest& request, const parser::SourceRange& range,
                        StageState& state);
  void start_from_context(const FromContext& context, const StageNode& node, StageState& state);
  std::optional<StepId> image_step(const ImageRequest& request, const parser::SourceRange& range,
                                   std::string prefix);
  FileSource find_source(const SourceName& source, const std::string& text, const std::string& what,
                         const parser::SourceRange& range, const StageState& state);
  bool ignores_cache(const std::string& stage_name) const;
  void finish_image(const StageState& state);

  const StageGraph& graph_;
  const GlobalArgs& args_;
  const BaseTable& bases_;
  const BuildRequest& request_;
  char escape_;
  parser::ExpansionMeter meter_;
  BuildPlan plan_;
  std::map<StageIndex, StageState> done_;
  std::map<ImageRequest, StepId> image_steps_;
};

bool makes_vertex(const StageInstruction& instruction) {
  const auto& body = instruction.instruction->body;
  return instruction.is_trigger || std::holds_alternative<parser::Run>(body) ||
         std::holds_alternative<parser::Copy>(body) || std::holds_alternative<parser::Add>(body) ||
         std::holds_alternative<parser::Workdir>(body);
}

bool StagesPlanner::ignores_cache(const std::string& stage_name) const {
  if (request_.no_cache) return true;
  return std::any_of(
      request_.no_cache_stages.begin(), request_.no_cache_stages.end(),
      [&](const std::string& name) { return !name.empty() && base::iequals(name, stage_name); });
}

void StagesPlanner::plan_stage(StageIndex index) {
  const auto& node = graph_.stages()[index];
  StageState state;
  state.shown_name = node.shown_name;
  state.identity = node.stage->from.name.empty() ? std::to_string(index) : node.stage->from.name;
  state.ignore_cache = ignores_cache(node.stage->from.name);
  start_stage(index, state);
  const InstructionPlanner::Context context{
      request_,
      args_,
      plan_,
      escape_,
      state.image.platform,
      [&](const SourceName& source, const std::string& text, const std::string& what,
          const parser::SourceRange& range) {
        return find_source(source, text, what, range, state);
      },
      meter_};
  InstructionPlanner planner(context, state);
  for (const auto& instruction : node.instructions) planner.plan(instruction);
  done_.emplace(index, std::move(state));
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
    state.inherit(done_.at(*base_stage));
  } else if (image != nullptr) {
    start_from_image(*image, node.stage->from_instruction.range, state);
  } else if (context != nullptr) {
    start_from_context(*context, node, state);
  } else {
    state.start_empty(request_.platform);
  }
}

void StagesPlanner::start_from_image(const ImageRequest& request, const parser::SourceRange& range,
                                     StageState& state) {
  const BaseImage& base = bases_.at(request);
  state.adopt_image(base.config);
  if (state.image.platform.os.empty()) state.image.platform = request.platform;
  state.image.platform = image::normalize(state.image.platform);
  if (!base.layers.empty())
    state.tip = image_step(request, range, state.next_vertex_prefix(/*is_trigger=*/false));
}

/// All files of the context, as a layer of its own on an image without anything.
void StagesPlanner::start_from_context(const FromContext& context, const StageNode& node,
                                       StageState& state) {
  state.start_empty(node.platform.value_or(request_.platform));
  CopyOp op;
  op.from = ContextRef{context.name};
  op.paths = {{"/"}};
  op.destination = "/";
  Step step;
  step.id = plan_.steps.size();
  step.op = std::move(op);
  step.name = state.next_vertex_prefix(/*is_trigger=*/false) + "FROM context " + context.name;
  step.identity = state.identity + "/from";
  step.ignore_cache = state.ignore_cache;
  step.range = node.stage->from_instruction.range;
  state.tip = step.id;
  plan_.steps.push_back(std::move(step));
  state.add_history("FROM context " + context.name + " # buildkit", state.tip);
}

std::optional<StepId> StagesPlanner::image_step(const ImageRequest& request,
                                                const parser::SourceRange& range,
                                                std::string prefix) {
  if (const auto known = image_steps_.find(request); known != image_steps_.end())
    return known->second;
  const BaseImage& base = bases_.at(request);
  if (base.layers.empty()) return std::nullopt;
  Step step;
  step.id = plan_.steps.size();
  step.op = BaseOp{base};
  image::Reference shown = request.reference;
  shown.digest = base.digest;
  step.name = std::move(prefix) + "FROM " + shown.str();
  step.identity = "from/" + request.reference.str();
  step.range = range;
  image_steps_.emplace(request, step.id);
  plan_.steps.push_back(std::move(step));
  return plan_.steps.back().id;
}

FileSource StagesPlanner::find_source(const SourceName& source, const std::string& text,
                                      const std::string& what, const parser::SourceRange& range,
                                      const StageState& state) {
  if (const auto* context = std::get_if<FromContext>(&source)) return ContextRef{context->name};
  if (const auto* image = std::get_if<ImageRequest>(&source))
    return TreeRef{image_step(*image, range, ""), text};
  if (const auto* stage = std::get_if<StageIndex>(&source)) {
    const auto done = done_.find(*stage);
    if (done != done_.end()) return TreeRef{done->second.tip, text};
    throw parser::DockerfileError("stage-not-yet-defined", range,
                                  "cannot " + what + " from stage \"" + text +
                                      "\", it needs to be defined before current stage \"" +
                                      state.identity + "\"");
  }
  return TreeRef{std::nullopt, text};
}

void StagesPlanner::finish_image(const StageState& state) {
  PlannedImage& image = plan_.image;
  image.config = state.image;
  for (const auto& [key, value] : request_.labels) image.config.config.labels[key] = value;
  // A platform that was asked for on purpose stands in the result, whatever the base says.
  if (image::normalize(request_.platform) != image::host_platform())
    image.config.platform = image::normalize(request_.platform);
  image.history = state.history;
  image.tip = state.tip;
  image.platform = image.config.platform;
}

}  // namespace

BuildPlan plan_build(const StageGraph& graph, const GlobalArgs& args, const BaseTable& bases,
                     const BuildRequest& request, char escape) {
  return StagesPlanner(graph, args, bases, request, escape).plan();
}

}  // namespace ibuild::builder
