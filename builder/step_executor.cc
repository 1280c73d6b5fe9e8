#include "builder/step_executor.h"

#include <utility>

#include "base/error.h"
#include "builder/cache/miss_reason.h"
#include "builder/export/blobs_ahead.h"
#include "builder/gc/layer_use.h"
#include "builder/layer_fingerprint.h"
#include "builder/plan/platform_target.h"
#include "builder/vertex_watch.h"

namespace ibuild::builder {
namespace {

/// Clocks of file systems go in ticks: a file may look a little older than it is.
constexpr auto kClockSlack = std::chrono::seconds(1);

/// The record of a layer by what it holds.
base::Digest content_record_key(const base::Digest& fingerprint, const base::Clock& clock) {
  StepKey key;
  key.add("layer", fingerprint.str());
  // Under SOURCE_DATE_EPOCH all times are part of the result.
  if (const auto epoch = clock.fixed())
    key.add("epoch", std::to_string(epoch->time_since_epoch().count()));
  return key.digest();
}

StepJournal::Mark mark_of(const Step& step, const StepKey& key) {
  const auto& ingredients = key.ingredients();
  return {step.identity, ingredients.empty() ? "" : ingredients.front().value};  // "op" is first
}

bool is_there(const layers::LayerStore& layers, const layers::Layer& layer) {
  const auto forms = layers.present(layer);
  return forms.tar || forms.tree || forms.blob;
}

layers::Layer layer_of(const StepRecord& record) { return {*record.layer, record.blob, nullptr}; }

}  // namespace

StepExecutor::StepExecutor(const BuildScope& scope, const Parts& parts)
    : scope_(scope), parts_(parts), traces_(scope.plan.steps.size()) {
  for (const auto& step : scope.plan.steps) reports_.push_back({.name = step.name, .why = {}});
}

StepResult StepExecutor::base_result(const Step& step, const BaseOp& op) {
  const VertexId vertex = parts_.vertex_of(step.id);
  VertexWatch watch(scope_.services.events, vertex);
  bool all_here = true;
  for (const auto& layer : op.image->layers) {
    all_here = all_here &&
               is_there(scope_.services.store.layers(), {layer.diff_id, std::nullopt, nullptr});
  }
  if (all_here) scope_.services.events.emit(event::StepCached{vertex});
  note_use(scope_.services.store, op.image->layers);
  reports_[step.id].outcome = StepReport::Outcome::cached;
  watch.done();
  return {SharedChain(op.image->layers), layers::chain_id(op.image->layers), {}, all_here};
}

StepResult StepExecutor::execute(const Step& step, const Solver::StepContext& context) {
  if (const auto* base = std::get_if<BaseOp>(&step.op)) return base_result(step, *base);
  const StepInput input{scope_, step, parts_.vertex_of(step.id), context.result_of, context.stop};
  StepResult result;
  VertexWatch watch(scope_.services.events, input.vertex);
  auto& outcome = reports_[step.id].outcome;
  outcome = StepReport::Outcome::failed;
  const auto shape = result_shape(scope_.request);
  watch.run([&] {
    result = for_platform(step.platform, shape, [&] { return work_on(input, context); });
  });
  outcome = result.cached ? StepReport::Outcome::cached : StepReport::Outcome::ran;
  return result;
}

StepResult StepExecutor::work_on(const StepInput& input, const Solver::StepContext& context) {
  const auto runner = make_op_runner(input);
  StepKey quick = runner->quick_key();
  const base::Digest quick_digest = quick.digest();
  parts_.journal.note(mark_of(input.step, quick), quick_digest);
  Lookup lookup;
  if (!input.step.ignore_cache) {
    lookup = find(input, quick_digest);
    if (lookup.record) return take_over(input, quick, lookup);
  }
  context.before_long_work();
  const auto content = runner->content_key();
  if (content && !input.step.ignore_cache) {
    auto by_content = find(input, content->digest());
    if (by_content.record) {
      by_content.record->also.push_back(content->digest());
      remember(input, quick_digest, *by_content.record);
      return take_over(input, quick, by_content);
    }
  }
  runner->add_details(quick);
  add_step_details(quick, input);
  tell_why(input, quick, lookup.why_not);
  parts_.cache.put_ingredients(quick_digest, quick);  // also of a step that fails
  free_memory(quick);
  Lookup made = make(input, *runner);
  if (content) {
    made.record->also.push_back(content->digest());
    remember(input, content->digest(), *made.record);
  }
  remember(input, quick_digest, *made.record);
  trace(input, *made.record, {quick_digest});
  auto result = result_of(input, made, Way::made);
  scope_.ahead.layer_made(input.step.id, result.chain.top());
  return result;
}

/// Before a layer is made of very many files: what they took until here is wanted for that.
void StepExecutor::free_memory(StepKey& key) {
  key.forget_details();
  scope_.context.take_less_memory();
}

/// The result of a record that serves.
StepResult StepExecutor::take_over(const StepInput& input, StepKey& quick, const Lookup& lookup) {
  const auto key = quick.digest();
  if (!lookup.from.empty()) {
    add_step_details(quick, input);
    parts_.cache.put_ingredients(key, quick);
    reports_[input.step.id].why = "from " + lookup.from;
    scope_.services.events.emit(event::StepNote{input.vertex, "found in cache " + lookup.from});
    remember(input, key, *lookup.record);
  }
  trace(input, *lookup.record, {key});
  return result_of(input, lookup, Way::cached);
}

void StepExecutor::trace(const StepInput& input, const StepRecord& record,
                         std::vector<base::Digest> keys) {
  keys.insert(keys.end(), record.also.begin(), record.also.end());
  traces_[input.step.id] = {std::move(keys), record};
}

StepExecutor::Lookup StepExecutor::find_stored(const StepInput& input, const base::Digest& key) {
  std::string damaged;
  auto record = parts_.cache.find(key, damaged);
  if (!damaged.empty()) {
    input.warn(damaged + "; the step runs again");
    return {std::nullopt, "its record was damaged"};
  }
  if (!record) return {};
  if (parts_.oldest && record->stored < *parts_.oldest)
    return {std::nullopt, "its result of " + base::format_rfc3339(record->stored) + " is too old"};
  // Older versions kept no layer of a step that changed nothing.
  if (!record->layer) return {};
  if (!is_there(scope_.services.store.layers(), layer_of(*record))) {
    record->blob.reset();
    return {std::move(record), "its layer is not in the store any more",
            parts_.imported.blobs_of_absent()};
  }
  return {std::move(record), {}};
}

/// The store's own record counts first, then one of another cache, then one whose layer is gone:
/// that is enough when only the steps after it want to know what it made.
StepExecutor::Lookup StepExecutor::find(const StepInput& input, const base::Digest& key) {
  auto stored = find_stored(input, key);
  if (stored.record && stored.why_not.empty()) return stored;
  auto hit = parts_.imported.find(key, input.stop);
  if (!hit || (parts_.oldest && hit->record.stored < *parts_.oldest)) {
    if (!stored.blobs) stored.record.reset();
    return stored;
  }
  return {std::move(hit->record), {}, std::move(hit->blobs), std::move(hit->from)};
}

std::string StepExecutor::cause_of_miss(const StepInput& input, const StepKey& key,
                                        const std::string& why_not) {
  if (input.step.ignore_cache) return "the cache is not to be used";
  if (!why_not.empty()) return why_not;
  const auto former = parts_.journal.former_key(mark_of(input.step, key));
  if (!former) return parts_.journal.has_former() ? "the step is new" : "";
  auto before = parts_.cache.open_ingredients(*former);
  const auto reason = before ? miss_reason(*before, key) : std::nullopt;
  return reason.value_or("what it was made of before is not known any more");
}

void StepExecutor::tell_why(const StepInput& input, const StepKey& key,
                            const std::string& why_not) {
  auto why = cause_of_miss(input, key, why_not);
  // Nobody asks that of each step of a first build.
  if (!why.empty()) scope_.services.events.emit(event::StepMissed{input.vertex, why});
  reports_[input.step.id].why = why.empty() ? "not built before" : std::move(why);
}

StepExecutor::Lookup StepExecutor::make(const StepInput& input, OpRunner& runner) {
  const auto start = base::Clock().now() - kClockSlack;
  try {
    return settle(input, runner.run(), start);
  } catch (const parser::DockerfileError&) {
    throw;  // says where already
  } catch (const base::CancelledError&) {
    throw;
  } catch (const CacheError&) {
    throw;  // not the step's fault
  } catch (base::Error& error) {
    error.add_context(input.step.name);
    throw;
  }
}

StepExecutor::Lookup StepExecutor::settle(const StepInput& input,
                                          std::optional<layers::Layer> layer,
                                          base::TimePoint start) {
  const auto now = scope_.clock.now();
  const auto today = base::Clock().now();
  const auto& layers = scope_.services.store.layers();
  // Every step has a layer, as BuildKit has it: history and layers go together whatever a step did.
  if (!layer) layer = empty_layer();
  const auto key =
      content_record_key(fingerprint(*layers.index(*layer), {start, today}), scope_.clock);
  std::string damaged;
  if (auto twin = parts_.cache.find(key, damaged);
      twin && twin->layer && is_there(layers, layer_of(*twin))) {
    twin->stored = today;
    return {std::move(twin), {}};
  }
  if (auto twin = parts_.imported.find(key, input.stop); twin && twin->record.blob) {
    twin->record.stored = today;
    return {std::move(twin->record), {}, std::move(twin->blobs), std::move(twin->from)};
  }
  const StepRecord record{.layer = layer->diff_id, .created = now, .stored = today, .also = {key}};
  return {first_of(key, record), {}};
}

/// Of steps that make the same layer side by side (those of two platforms, say), the first to get
/// here says when it was made, for all: the next build finds one record and shall give the same
/// image.
StepRecord StepExecutor::first_of(const base::Digest& key, const StepRecord& record) {
  auto made = made_.lock();
  const auto [known, is_first] = made->try_emplace(key, record);
  if (is_first) parts_.cache.put(key, record);
  return known->second;
}

layers::Layer StepExecutor::empty_layer() {
  const auto& layers = scope_.services.store.layers();
  if (auto known = *empty_layer_.lock(); known && is_there(layers, *known))
    return *std::move(known);
  auto made = layers.begin_layer()->commit();
  *empty_layer_.lock() = made;
  return made;
}

void StepExecutor::remember(const StepInput& input, const base::Digest& key,
                            const StepRecord& record) {
  try {
    parts_.cache.put(key, record);
  } catch (const base::SystemError& error) {
    input.warn(std::string("the step is not remembered: ") + error.what());
  }
}

StepResult StepExecutor::result_of(const StepInput& input, const Lookup& lookup, Way way) const {
  if (way == Way::cached) scope_.services.events.emit(event::StepCached{input.vertex});
  const auto& record = *lookup.record;
  const auto& parent = input.parent_result();
  auto layer = layer_of(record);
  layer.provider = lookup.blobs;
  StepResult result{parent.chain.with(std::move(layer)), parent.chain_id, record.created,
                    way == Way::cached};
  // One step of image-spec's ChainID, so that a long chain need not be hashed again for each layer.
  result.chain_id = result.chain_id.empty()
                        ? *record.layer
                        : base::sha256_of(result.chain_id.str() + " " + record.layer->str());
  return result;
}

}  // namespace ibuild::builder
