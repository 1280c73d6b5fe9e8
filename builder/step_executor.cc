#include "builder/step_executor.h"

#include <utility>

#include "base/error.h"
#include "builder/cache/miss_reason.h"
#include "builder/layer_fingerprint.h"
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

bool is_there(const layers::LayerStore& layers, const base::Digest& diff_id) {
  const auto forms = layers.present({diff_id, std::nullopt, nullptr});
  return forms.tar || forms.tree || forms.blob;
}

}  // namespace

StepResult StepExecutor::base_result(const Step& step, const BaseOp& op) {
  const VertexId vertex = parts_.vertex_of(step.id);
  VertexWatch watch(scope_.services.events, vertex);
  bool all_here = true;
  for (const auto& layer : op.image.layers)
    all_here = all_here && is_there(scope_.services.store.layers(), layer.diff_id);
  if (all_here) scope_.services.events.emit(event::StepCached{vertex});
  watch.done();
  return {op.image.layers, layers::chain_id(op.image.layers), false, {}, all_here};
}

StepResult StepExecutor::execute(const Step& step, const Solver::StepContext& context) {
  if (const auto* base = std::get_if<BaseOp>(&step.op)) return base_result(step, *base);
  const StepInput input{scope_, step, parts_.vertex_of(step.id), context.result_of, context.stop};
  StepResult result;
  VertexWatch watch(scope_.services.events, input.vertex);
  watch.run([&] { result = work_on(input, context); });
  return result;
}

StepResult StepExecutor::work_on(const StepInput& input, const Solver::StepContext& context) {
  const auto runner = make_op_runner(input);
  StepKey quick = runner->quick_key();
  const base::Digest quick_digest = quick.digest();
  parts_.journal.note(input.step.identity, quick_digest);
  if (!input.step.ignore_cache) {
    if (const auto record = find_usable(input, quick_digest))
      return result_of(input, *record, /*cached=*/true);
  }
  context.before_long_work();
  const auto content = runner->content_key();
  if (content && !input.step.ignore_cache) {
    if (const auto record = find_usable(input, content->digest())) {
      remember(input, quick_digest, *record);
      return result_of(input, *record, /*cached=*/true);
    }
  }
  tell_why(input, *runner, quick);
  const StepRecord record = make(input, *runner);
  remember(input, quick_digest, record);
  parts_.cache.put_ingredients(quick_digest, quick);
  if (content) remember(input, content->digest(), record);
  return result_of(input, record, /*cached=*/false);
}

std::optional<StepRecord> StepExecutor::find_usable(const StepInput& input,
                                                    const base::Digest& key) {
  std::string damaged;
  const auto record = parts_.cache.find(key, damaged);
  if (!damaged.empty()) input.warn(damaged + "; the step runs again");
  if (!record) return std::nullopt;
  if (record->layer && !is_there(scope_.services.store.layers(), *record->layer))
    return std::nullopt;
  return record;
}

void StepExecutor::tell_why(const StepInput& input, OpRunner& runner, StepKey& key) {
  runner.add_details(key);
  std::string why;
  if (input.step.ignore_cache) {
    why = "the cache is not to be used";
  } else if (const auto last = parts_.journal.last_key(input.step.identity)) {
    const auto before = parts_.cache.find_ingredients(*last);
    if (before) why = miss_reason(*before, key);
  }
  if (!why.empty()) scope_.services.events.emit(event::StepMissed{input.vertex, why});
}

StepRecord StepExecutor::make(const StepInput& input, OpRunner& runner) {
  const auto start = base::Clock().now() - kClockSlack;
  try {
    return settle(runner.run(), start);
  } catch (const parser::DockerfileError&) {
    throw;  // says where already
  } catch (const base::CancelledError&) {
    throw;
  } catch (base::Error& error) {
    error.add_context(input.step.name);
    throw;
  }
}

StepRecord StepExecutor::settle(std::optional<layers::Layer> layer, base::TimePoint start) {
  const auto now = scope_.clock.now();
  if (!layer) return {std::nullopt, now};
  const auto& layers = scope_.services.store.layers();
  const auto key = content_record_key(
      fingerprint(*layers.index(*layer), {start, base::Clock().now()}), scope_.clock);
  std::string damaged;
  if (const auto twin = parts_.cache.find(key, damaged);
      twin && twin->layer && is_there(layers, *twin->layer)) {
    return *twin;
  }
  const StepRecord record{layer->diff_id, now};
  parts_.cache.put(key, record);
  return record;
}

void StepExecutor::remember(const StepInput& input, const base::Digest& key,
                            const StepRecord& record) {
  try {
    parts_.cache.put(key, record);
  } catch (const base::SystemError& error) {
    input.warn(std::string("the step is not remembered: ") + error.what());
  }
}

StepResult StepExecutor::result_of(const StepInput& input, const StepRecord& record,
                                   bool cached) const {
  if (cached) scope_.services.events.emit(event::StepCached{input.vertex});
  const auto& parent = input.parent_result();
  StepResult result{parent.chain, parent.chain_id, record.layer.has_value(), record.created,
                    cached};
  if (!record.layer) return result;
  result.chain.push_back({*record.layer, std::nullopt, nullptr});
  // One step of image-spec's ChainID, so that a long chain need not be hashed again for each layer.
  result.chain_id = result.chain_id.empty()
                        ? *record.layer
                        : base::sha256_of(result.chain_id.str() + " " + record.layer->str());
  return result;
}

}  // namespace ibuild::builder
