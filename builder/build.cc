#include "builder/build.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/scope_exit.h"
#include "base/text.h"
#include "builder/attest/attest_build.h"
#include "builder/build_caches.h"
#include "builder/build_checks.h"
#include "builder/build_context.h"
#include "builder/cache/build_reports.h"
#include "builder/cache/imported_caches.h"
#include "builder/cache/local_cache.h"
#include "builder/cache/step_journal.h"
#include "builder/export/blobs_ahead.h"
#include "builder/export/exporter.h"
#include "builder/finish_image.h"
#include "builder/layer_fetch.h"
#include "builder/plan/base_table.h"
#include "builder/plan/plan_build.h"
#include "builder/plan/platform_target.h"
#include "builder/plan/read_stages.h"
#include "builder/solver.h"
#include "builder/source_date_epoch.h"
#include "builder/step_executor.h"
#include "builder/vertex_numbers.h"
#include "builder/vertex_watch.h"
#include "builder/warning_collector.h"
#include "parser/dockerfile.h"

namespace ibuild::builder {
namespace {

constexpr std::size_t kMinThreads = 4;

Services with_events(const Services& services, EventSink& events) {
  return {services.store,         services.snapshots,     services.sandbox,
          services.no_run_reason, services.image_sources, events,
          services.clock,         services.pool,          services.files,
          services.git,           services.open_layout,   services.cache_registry};
}

Services with_clock(const Services& services, const base::Clock& clock) {
  return {services.store,
          services.snapshots,
          services.sandbox,
          services.no_run_reason,
          services.image_sources,
          services.events,
          clock,
          services.pool,
          services.files,
          services.git,
          services.open_layout,
          services.cache_registry};
}

std::string export_vertex_name(const std::string& type) {
  if (type == "oci" || type == "docker") return "exporting to " + type + " image format";
  if (type == "tar") return "exporting to client tarball";
  if (type == "local") return "exporting to client directory";
  return "exporting to " + type;
}

std::vector<OutputSpec> wanted_outputs(const BuildRequest& request) {
  auto outputs = request.outputs;
  if (outputs.empty()) outputs.push_back({"image", {}});
  const auto shape = result_shape(request);
  for (const auto& output : outputs)
    find_exporter(output.type).check(output, shape, request.attestations);
  return outputs;
}

/// The time that this build's image has: SOURCE_DATE_EPOCH as an argument counts before that of the
/// environment, also when it is empty.
base::Clock image_clock(const EpochSetting& setting, std::stop_token stop) {
  constexpr std::string_view kName = "SOURCE_DATE_EPOCH";
  const bool is_argument = setting.args.given(kName) || setting.args.value(kName);
  return is_argument ? base::Clock(resolve_source_date_epoch(setting, std::move(stop)))
                     : setting.services.clock;
}

/// A clock that stands still is an argument as well, as buildx hands on the environment's
/// SOURCE_DATE_EPOCH.
BuildArgMap given_args(const BuildRequest& request, const base::Clock& clock) {
  BuildArgMap args = request.build_args;
  if (const auto epoch = clock.fixed()) {
    args.try_emplace("SOURCE_DATE_EPOCH", std::to_string(epoch->time_since_epoch().count()));
  }
  return args;
}

VertexId announce(const BuildPlan& plan, VertexNumbers& vertices, EventSink& events) {
  event::PlanReady ready;
  VertexId first = 0;
  for (const auto& step : plan.steps) {
    const VertexId id = vertices.next();
    if (step.id == 0) first = id;
    ready.vertices.push_back({id, step.name});
  }
  events.emit(std::move(ready));
  return first;
}

/// What tells this build's steps from those of other Dockerfiles.
std::string journal_name(const BuildRequest& request) {
  if (!request.name.empty()) return named_build(request.name, request.platforms);
  return named_build(request.dockerfile_name + "\n" + request.context_dir.value_or(""),
                     request.platforms);
}

std::optional<base::TimePoint> oldest_record(const BuildRequest& request) {
  if (!request.cache_ttl) return std::nullopt;
  return base::Clock().now() - *request.cache_ttl;
}

/// What all attempts of a build share.
struct Attempts {
  const BuildRequest& request;
  const Services& services;
  const BuildPlan& plan;
  BuildContext& context;
  ImportedCaches& imported;
  VertexNumbers& vertices;
  const BuildRun& run;
};

struct Solved {
  std::vector<StepResult> results;
  std::vector<StepTrace> traces;
};

Solved solve(const BuildScope& scope, ImportedCaches& imported, VertexId first,
             std::stop_token stop) {
  const auto& store = scope.services.store;
  LocalCache cache(store.cache_dir("steps"));
  const auto name = journal_name(scope.request);
  StepJournal journal(store.cache_dir("steps"), name);
  StepExecutor executor(scope, {cache, imported, journal, oldest_record(scope.request),
                                [first](StepId step) { return first + step; }});
  BuildReports reports(store.cache_dir("builds"), name);
  const auto remember = [&] {
    scope.context.save_digests();
    journal.save();
    reports.add({base::Clock().now(), executor.reports()});
  };
  const std::size_t wanted = scope.request.max_parallel_steps;
  Solver solver(
      scope.plan,
      [&](const Step& step, const Solver::StepContext& context) {
        return executor.execute(step, context);
      },
      wanted > 0 ? wanted : std::max(kMinThreads, base::usable_processors()));
  try {
    auto results = solver.solve(std::move(stop));
    remember();
    return {std::move(results), executor.traces()};
  } catch (const CacheError&) {
    throw;  // another attempt is made
  } catch (...) {
    try {
      remember();  // what went well need not be done again
    } catch (const base::Error&) {
      // the step's own failure is what the user has to see
    }
    throw;
  }
}

FinishedBuild finish_build(const BuildPlan& plan, const std::vector<StepResult>& results,
                           const BuildRequest& request, const base::Clock& clock) {
  FinishedBuild build;
  build.shape = result_shape(request);
  build.names = request.tags;
  for (const auto& image : plan.images)
    build.images.push_back(finish_image(image, plan, results, clock));
  if (request.has_history) return build;
  for (auto& image : build.images) {
    image.config.history.clear();
    image.base_history = 0;
  }
  return build;
}

void export_build(const FinishedBuild& build, const std::vector<OutputSpec>& outputs,
                  const Services& services, ImagePusher* pusher, VertexNumbers& vertices,
                  std::stop_token stop, BuildResult& result) {
  for (const auto& output : outputs) {
    VertexWatch watch(services.events, vertices.next(), export_vertex_name(output.type));
    watch.run([&] {
      const ExportReport report{services.events, watch.id()};
      auto exported = find_exporter(output.type).run(build, output, services, pusher, report, stop);
      if (exported.image && result.image.digest.empty()) result.image = *exported.image;
      if (exported.config_digest && result.config_digest.empty())
        result.config_digest = *exported.config_digest;
      for (auto& name : exported.names) {
        if (std::find(result.names.begin(), result.names.end(), name) == result.names.end()) {
          result.names.push_back(std::move(name));
        }
      }
    });
  }
}

/// What is to come out of a build.
struct Wanted {
  const std::vector<OutputSpec>& outputs;
  const CacheWishes& caches;
  const GlobalArgs& args;
};

void tell_given_up(const CacheError& error, EventSink& events) {
  events.emit(event::WarningRaised{
      {"", std::string(error.what()) + "; the build goes on without it", "", {}}});
}

/// From the plan to the outputs. Throws: CacheError when a cache promised what it does not have.
void attempt(const Attempts& given, const Wanted& wanted, ImagePusher* pusher, std::stop_token stop,
             BuildResult& result) {
  const auto& services = given.services;
  const VertexId first = announce(given.plan, given.vertices, services.events);
  const LayerFetch fetch(services.store.layers(), services.events, given.plan,
                         [first](StepId step) { return first + step; });
  BlobsAhead ahead(given.plan, wanted.outputs, given.request.tags, services.store.layers(), pusher);
  base::Synchronized<std::set<std::string>> caches_begun;
  const BuildScope scope{given.request,  services,       given.plan, given.context, fetch,
                         services.clock, given.imported, ahead,      caches_begun};
  // Every step has its layer, or is known to need none.
  const auto solved = solve(scope, given.imported, first, stop);
  // Configuration, history and layers agree.
  auto finished = finish_build(given.plan, solved.results, given.request, scope.clock);
  layers::LayerChain layers;
  for (auto& image : finished.images) {
    if (wants_inline_cache(wanted.caches, wanted.args))
      image.config.inline_cache = to_json(inline_bundle(solved.traces));
    layers.insert(layers.end(), image.layers.begin(), image.layers.end());
  }
  // What a cache promised of the images is there where an output needs it.
  secure_cached_layers(layers, wanted.outputs, fetch, stop);
  // What is to be said of the images is said.
  attest({given.request, services, given.plan, solved.results, given.run, fetch, given.vertices},
         finished, result, stop);
  // Every output is there.
  export_build(finished, wanted.outputs, services, pusher, given.vertices, stop, result);
  export_caches(wanted.caches.to, {solved.traces, solved.results, layers},
                {services, pusher, given.vertices, given.imported}, stop);
}

std::vector<image::Platform> platforms_of(const std::vector<PlatformTarget>& targets) {
  std::vector<image::Platform> platforms;
  platforms.reserve(targets.size());
  for (const auto& target : targets) platforms.push_back(target.platform);
  return platforms;
}

/// The passes. None calls an earlier one.
BuildResult run_passes(const BuildRequest& request, const Services& given_services,
                       WarningCollector& events, ImagePusher* pusher, std::stop_token stop) {
  const auto run = BuildRun::begin();
  // Every output can be made from these attributes.
  const auto outputs = wanted_outputs(request);
  const auto caches = read_cache_wishes(request);
  // The checks know what they are asked for.
  check_lint_options(request);
  parser::Diagnostics diagnostics;
  // The text is a list of instructions with their places in the file.
  const auto dockerfile = parser::parse_dockerfile(request.dockerfile, diagnostics);
  BuildChecks checks(request, dockerfile, diagnostics, events);
  // Every instruction is typed; there is at least one stage; nothing is expanded.
  const auto stages = checks.before([&] { return read_stages(dockerfile, request, diagnostics); });
  // For each platform: every FROM, COPY --from and mount names a stage or an image; the target
  // exists; there is no cycle.
  auto targets = checks.before(
      [&] { return make_targets(stages, request, given_args(request, given_services.clock)); });
  checks.know_targets(targets);
  // The image's time is known, and no name stands for it any more.
  const auto clock = checks.before([&] {
    return image_clock(
        {stages, targets.front().platform, targets.front().args, request, given_services}, stop);
  });
  for (auto& target : targets) target.args = target.args.with_source_date_epoch(clock.fixed());
  const Services services = with_clock(given_services, clock);
  VertexNumbers vertices;
  // Every image that the target needs is known by digest, and no stage waits for triggers of its
  // base.
  BaseTable bases;
  checks.before([&] { resolve_all_bases(targets, request, services, vertices, stop, bases); });
  checks.know_bases(bases);
  // Variables are expanded; steps come after what they need; only what the targets need is there,
  // and once. No more network for names.
  const BuildPlan plan =
      checks.before([&] { return plan_build(targets, bases, request, stages.escape); });
  // What is odd but allowed has been said.
  checks.raise_all();
  // Every step may run, and can.
  require_runnable(plan);
  BuildContext context(request, services);
  ImportedCaches imported(open_caches(caches.from, services), platforms_of(targets),
                          services.events, vertices);
  BuildResult result;
  const Attempts attempts{request, services, plan, context, imported, vertices, run};
  for (bool done = false; !done;) {
    try {
      result = {};
      attempt(attempts, {outputs, caches, targets.front().args}, pusher, stop, result);
      done = true;
    } catch (const CacheError& error) {
      // The next attempt makes from the sources what was promised.
      const auto verdict = imported.give_up_what_failed();
      if (verdict == ImportedCaches::Verdict::unknown) throw;
      if (verdict == ImportedCaches::Verdict::given_up) tell_given_up(error, services.events);
    }
  }
  result.warnings = events.take();
  return result;
}

}  // namespace

std::string named_build(const std::string& name, const std::vector<image::Platform>& platforms) {
  if (platforms.empty()) return name + "\n" + image::host_platform().str();
  std::string text = name;
  for (const auto& platform : platforms) text += "\n" + platform.str();
  return text;
}

BuildResult build(const BuildRequest& request, const Services& services, ImagePusher* pusher,
                  std::stop_token stop) {
  WarningCollector events(services.events);
  // Layers of this build have no name before its end.
  const auto hold = services.store.hold_against_gc(stop);
  bool success = false;
  const base::ScopeExit finished([&] { services.events.emit(event::Finished{success}); });
  auto result = run_passes(request, with_events(services, events), events, pusher, std::move(stop));
  success = true;
  return result;
}

}  // namespace ibuild::builder
