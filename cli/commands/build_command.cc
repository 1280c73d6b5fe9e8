#include "cli/commands/build_command.h"

#include <unistd.h>

#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "builder/build.h"
#include "builder/gc/collect_garbage.h"
#include "builder/insecure_registries.h"
#include "builder/locked_sources.h"
#include "builder/remote/registry_cache.h"
#include "builder/remote/registry_image_source.h"
#include "builder/remote/registry_pusher.h"
#include "builder/remote/short_name_source.h"
#include "builder/vertex_watch.h"
#include "cli/call.h"
#include "cli/context_load.h"
#include "cli/docker_proxies.h"
#include "cli/dockerfile_input.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/image_access.h"
#include "cli/isolation.h"
#include "cli/local_repository.h"
#include "cli/log_file.h"
#include "cli/option_parser.h"
#include "cli/options_build.h"
#include "cli/options_cache.h"
#include "cli/output_spec.h"
#include "cli/progress.h"
#include "cli/request_trace.h"
#include "cli/result_files.h"
#include "cli/result_places.h"
#include "cli/signals.h"
#include "cli/single_task.h"
#include "cli/source_access.h"
#include "cli/standard_input.h"
#include "layers/working_tree.h"
#include "registry/registry_client.h"
#include "sandbox/sandbox.h"

namespace ibuild::cli {

namespace {

// Vertices that are not the builder's.
constexpr builder::VertexId kDefinitionVertex = std::numeric_limits<builder::VertexId>::max();
constexpr builder::VertexId kGarbageVertex = kDefinitionVertex - 1;

/// All that one build needs, opened in the order of its members.
class BuildSession {
 public:
  struct Wanted {
    const BuildOptions& options;
    const builder::BuildRequest& request;
    const IsolationChoice& isolation;
    builder::SourceLock* lock;  // null: none
  };
  BuildSession(const Wanted& wanted, builder::EventSink& events, base::Clock clock)
      : access_(wanted.options.store, wanted.options.registry, warnings_to(events), 0),
        source_(access_.loader()),
        short_names_(wanted.options.registry.resolve()),
        pusher_(access_.loader()),
        caches_(access_.loader().registry()),
        sources_(access_.store(), {.registry = wanted.options.registry,
                                   .secrets = wanted.request.secrets,
                                   .ssh_agents = wanted.request.ssh_agents,
                                   .warn = warnings_to(events),
                                   .lock = wanted.lock}),
        snapshots_(make_snapshots(wanted.isolation, access_.store())),
        sandbox_(make_sandbox(wanted.isolation)),
        services_{.store = access_.store(),
                  .snapshots = snapshots_.get(),
                  .sandbox = sandbox_.get(),
                  .no_run_reason = wanted.isolation.reason,
                  .image_sources = {},
                  .events = events,
                  .clock = clock,
                  .pool = access_.session().pool(),
                  .files = &sources_.files(),
                  .git = &sources_.git(),
                  .open_layout = &SourceAccess::open_layout,
                  .cache_registry = &caches_} {
    services_.image_sources = {&image_source(wanted)};
  }

  const builder::Services& services() const { return services_; }
  builder::RemoteFiles& files() { return sources_.files(); }
  builder::ContextServices context_services(base::ByteSource& standard_input) {
    return {.store = access_.store(),
            .files = sources_.files(),
            .git = sources_.git(),
            .standard_input = &standard_input,
            .warn = warnings_to(services_.events)};
  }

  builder::BuildResult build(const builder::BuildRequest& request, std::stop_token stop) {
    return builder::build(request, services_, &pusher_, std::move(stop));
  }
  /// For the end: nothing of the store may be used afterwards.
  void collect_garbage(const builder::GcSettings& settings) {
    access_.session().release_hold();
    const auto collected =
        builder::collect_garbage_if_due(access_.store(), settings, base::Clock().now());
    if (!collected || collected->items == 0) return;
    builder::VertexWatch watch(services_.events, kGarbageVertex, "[internal] garbage collection");
    watch.note(std::to_string(collected->items) + " items of the cache removed, " +
               base::human_bytes(collected->size_bytes));
    watch.done();
  }

 private:
  /// A lock has names with their registries.
  builder::ImageSource& image_source(const Wanted& wanted) {
    builder::ImageSource* source = &source_;
    if (wanted.lock != nullptr) {
      const auto top_of = [this](const image::Reference& reference) {
        const auto top = access_.loader().find_stored(reference);
        return top ? std::optional(top->digest) : std::nullopt;
      };
      source = &locked_source_.emplace(*source, *wanted.lock, top_of);
    }
    if (wanted.request.short_names == image::ShortNameRule::docker) return *source;
    return short_name_source_.emplace(*source, short_names_, access_.loader().origins());
  }

  ImageAccess access_;
  remote::RegistryImageSource source_;
  std::optional<builder::LockedImageSource> locked_source_;
  remote::ShortNameSearch short_names_;
  std::optional<remote::ShortNameSource> short_name_source_;
  remote::RegistryPusher pusher_;
  remote::RegistryCaches caches_;
  SourceAccess sources_;
  std::unique_ptr<layers::SnapshotBackend> snapshots_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  builder::Services services_;
};

void tell_definition(builder::EventSink& events, const DockerfileInput& dockerfile) {
  builder::VertexWatch watch(events, kDefinitionVertex,
                             "[internal] load build definition from " + dockerfile.name);
  watch.note(base::human_bytes(dockerfile.text.size()) +
             (dockerfile.ignore_file ? ", with an ignore file" : ""));
  watch.done();
}

/// What a build is made from. Lies in the session's store.
struct BuildInput {
  builder::ResolvedContext context;
  DockerfileInput dockerfile;
};

/// Opens the session only when something has to be brought here.
BuildInput load_input(const BuildOptions& options, const builder::ContextSpec& spec,
                      base::ByteSource& standard_input, std::stop_token stop,
                      const std::function<BuildSession&()>& session) {
  const auto* directory = std::get_if<builder::DirectoryContext>(&spec);
  auto context = directory != nullptr
                     ? builder::local_context(*directory)
                     : load_context(spec, session().context_services(standard_input),
                                    session().services().events, stop);
  const DockerfileQuery query{.file = options.file,
                              .ignore_file = options.sources.ignore_file,
                              .spec = spec,
                              .context = context};
  auto* files = is_http_url(options.file) ? &session().files() : nullptr;
  auto dockerfile = read_dockerfile(
      query, {.standard_input = standard_input, .files = files, .stop = std::move(stop)});
  return {std::move(context), std::move(dockerfile)};
}

void refuse_terminal_output(const builder::BuildRequest& request) {
  for (const auto& output : request.outputs) {
    if (writes_to_stdout(output) && isatty(STDOUT_FILENO) == 1) {
      throw base::UsageError("--output type=" + output.type +
                             " would go to the terminal: name a file with dest=, or redirect");
    }
  }
}

/// As docker has it, the digest of the config; an index has none and is known by its own. Empty
/// when there is no image.
const base::Digest& image_id(const builder::BuildResult& result) {
  return result.config_digest.empty() ? result.image.digest : result.config_digest;
}

void write_results(const BuildOptions& options, const builder::BuildResult& result,
                   const DockerfileText& dockerfile, std::ostream& out) {
  const auto& id = image_id(result);  // not empty where a file for it is asked for: checked before
  if (!options.iidfile.empty()) write_result_file(options.iidfile, id.str());
  if (!options.buildah.iidfile_raw.empty())
    write_result_file(options.buildah.iidfile_raw, std::string(id.hex()));
  if (!options.metadata_file.empty())
    write_result_file(options.metadata_file, metadata_json(result, dockerfile));
  if (options.progress_mode() == ProgressMode::quiet && !id.empty()) out << id.str() << "\n";
}

void remove_old_ids(const BuildOptions& options) {
  for (const auto& path : {options.iidfile, options.buildah.iidfile_raw})
    if (!path.empty()) remove_result_file(path);
}

/// One run of the command, when its options are known.
struct Invocation {
  const BuildOptions& options;
  const CallSpec call;
  const builder::ContextSpec spec;
  const base::Clock clock;
  builder::BuildRequest request;
  const std::unique_ptr<builder::SourceLock> lock;
  const builder::GcSettings gc = gc_settings_from_environment();
  DockerfileText shown = {};               // for the report of what is wrong in it
  std::vector<std::string> remarks = {};   // on the command line
  std::optional<RequestTrace> trace = {};  // for --debug
};

void finish(Invocation& run, Progress& progress, builder::event::Finished how) {
  if (run.trace) run.trace->close();
  progress.emit(how);
}

/// The garbage goes also when the build fails: a full disk may be why.
builder::BuildResult build_and_collect(BuildSession& session, const builder::BuildRequest& request,
                                       const builder::GcSettings& gc, std::stop_token stop) {
  std::optional<builder::BuildResult> result;
  try {
    result = session.build(request, stop);
  } catch (const base::CancelledError&) {
    throw;  // whoever asked for an end waits for it
  } catch (const base::Error&) {
    session.collect_garbage(gc);
    throw;
  }
  session.collect_garbage(gc);
  return std::move(*result);
}

/// What git knows of a context of this machine, where somebody wants to be told.
void take_repository(const BuildOptions& options, const builder::ContextSpec& spec,
                     builder::BuildRequest& request, std::stop_token stop) {
  const auto* const directory = std::get_if<builder::DirectoryContext>(&spec);
  const auto& wanted = request.attestations;
  if (directory == nullptr || (!wanted.provenance && !wanted.reported)) return;
  std::string dockerfile = directory->path;
  if (!request.origin.local_dockerfile || options.file == "-") {
    dockerfile.clear();
  } else if (!options.file.empty()) {
    dockerfile = options.file.substr(0, options.file.rfind('/') + 1);
    if (dockerfile.empty()) dockerfile = ".";
  }
  request.origin.vcs = describe_repository(directory->path, dockerfile, std::move(stop));
}

/// As docker has it, git's word goes before that of --label.
void take_repository_labels(const BuildOptions& options, const builder::ContextSpec& spec,
                            const std::string& dockerfile_name, builder::BuildRequest& request,
                            std::stop_token stop) {
  const auto* const directory = std::get_if<builder::DirectoryContext>(&spec);
  if (directory == nullptr) return;
  std::string dockerfile;
  if (request.origin.local_dockerfile && options.file != "-")
    dockerfile = options.file.empty() ? directory->path + "/" + dockerfile_name : options.file;
  for (const auto& [key, value] : repository_labels(directory->path, dockerfile, std::move(stop)))
    request.labels.emplace_back(key, value);
}

/// What a call has to say comes after what was shown meanwhile.
int tell(Invocation& run, const ServicesProvider& services, Progress& progress,
         CommandContext& context, std::stop_token stop) {
  const auto answer = answer_call(run.call, run.request, services, std::move(stop));
  finish(run, progress, {.success = true});
  if (!run.options.metadata_file.empty())
    write_result_file(run.options.metadata_file, metadata_json(run.call, answer));
  context.out << (run.call.format == CallFormat::json ? answer.json : answer.text) << std::flush;
  if (answer.error) report_build_error(context.err, *answer.error, run.shown);
  return answer.exit_code;
}

int run_invocation(Invocation& run, const IsolationChoice& isolation, Progress& progress,
                   CommandContext& context) {
  const SignalWatcher signals;
  auto& request = run.request;
  std::optional<BuildSession> opened;
  const auto session = [&]() -> BuildSession& {
    const BuildSession::Wanted wanted{run.options, request, isolation, run.lock.get()};
    return opened ? *opened : opened.emplace(wanted, progress, run.clock);
  };
  const auto in = standard_input(context, signals.token());
  const auto input = load_input(run.options, run.spec, *in, signals.token(), session);
  take_context(input.context, request);
  request.name = build_name(run.options.file, run.options.context);
  request.dockerfile_name = input.dockerfile.name;
  request.dockerfile = input.dockerfile.text;
  request.ignore_file = input.dockerfile.ignore_file;
  take_origin(run.spec, run.options.file, request);
  run.shown = {.name = request.dockerfile_name, .text = request.dockerfile};
  progress.set_dockerfile(run.shown);
  tell_definition(progress, input.dockerfile);
  for (const auto& remark : run.remarks) warnings_to(progress)(remark);
  if (!input.dockerfile.warning.empty()) warnings_to(progress)(input.dockerfile.warning);
  if (run.call.kind != CallKind::build) {
    const auto services = [&]() -> const builder::Services& { return session().services(); };
    return tell(run, services, progress, context, signals.token());
  }
  take_repository(run.options, run.spec, request, signals.token());
  take_repository_labels(run.options, run.spec, input.dockerfile.name, request, signals.token());
  const auto result = build_and_collect(session(), request, run.gc, signals.token());
  finish(run, progress, {.success = true});
  run.options.lock.close(run.lock.get());
  write_results(run.options, result, run.shown, context.out);
  return kSuccess;
}

}  // namespace

int run_build(Arguments arguments, CommandContext& context) {
  return run_build_variant({"ibuild build", "Builds an image from a Dockerfile", {}}, arguments,
                           context);
}

int run_build_variant(const BuildVariant& variant, Arguments arguments, CommandContext& context) {
  OptionParser parser(variant.command, variant.about);
  BuildOptions options;
  options.add_to(parser);
  const bool for_completion = arguments.size() == 1 && arguments[0] == OptionParser::kListOptions;
  std::vector<std::string> words;
  if (!for_completion) words = variant.options;
  words.insert(words.end(), arguments.begin(), arguments.end());
  if (parser.parse(words, context.out) == OptionParser::Outcome::help_shown) return kSuccess;

  auto request = make_build_request(options);
  check_result_places(options, request);
  options.registry.insecure_domains = builder::insecure_registries(request);
  const auto registry_options = options.registry.resolve();  // says what is wrong before all else
  if (options.buildah.http_proxy.value_or(true))
    take_docker_proxies(registry_options.docker_config_dir, request);
  const auto mode = options.progress_mode();
  const auto wanted_isolation = parse_isolation(options.isolation);
  refuse_terminal_output(request);
  auto spec = read_context_operand(options.context, request);
  check_dockerfile_option(options.file, spec);
  lend_agent(spec, request);
  Invocation run{.options = options,
                 .call = options.call.spec(),
                 .spec = std::move(spec),
                 .clock = make_clock(),
                 .request = std::move(request),
                 .lock = options.lock.open(),
                 .remarks = parser.remarks()};
  for (const auto& remark : options.steps.security.remarks()) run.remarks.push_back(remark);
  if (run.call.kind != CallKind::build && options.wants_id())
    run.remarks.emplace_back("--iidfile has no effect: --call makes no image");
  if (run.call.kind == CallKind::build) remove_old_ids(options);
  const auto isolation =
      enter_isolation(wanted_isolation, options.store.path(), context.argc, context.argv);

  if (run.request.secrets || run.request.ssh_agents) forbid_core_dumps();
  LogFile log(options.buildah.logfile, context.err);
  Progress progress(mode, log.stream());
  if (options.debug) {
    auto& trace = run.trace.emplace(progress);
    options.registry.trace = [&trace](const std::string& line) { trace.add(line); };
  }
  const std::string fallback(name_of_fallback(isolation));
  if (wanted_isolation == Isolation::automatic && !fallback.empty()) {
    warnings_to(progress)("steps run with the isolation `" + fallback + "`: " + isolation.reason);
  }
  try {
    return run_invocation(run, isolation, progress, context);
  } catch (const std::exception& error) {
    finish(run, progress, {.success = false});
    log.stream() << progress.failure_report();
    if (log.is_file()) report_build_error(log.stream(), error, run.shown);
    report_build_error(context.err, error, run.shown);
    return exit_code_for(error);
  }
}

}  // namespace ibuild::cli
