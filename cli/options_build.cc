#include "cli/options_build.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/go_values.h"
#include "base/text.h"
#include "builder/source_date_epoch.h"
#include "cli/add_host.h"
#include "cli/byte_size.h"
#include "cli/output_spec.h"
#include "cli/platform_flag.h"
#include "cli/ulimit.h"

namespace ibuild::cli {

namespace {

constexpr std::uint64_t kMaxArgumentFileBytes = 1 << 20;  // as much as a command line may hold

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

void take_labels(const BuildOptions& options, builder::BuildRequest& request) {
  for (const auto& label : options.labels) {
    const auto equals = label.find('=');
    if (label.empty() || equals == 0) {
      throw base::UsageError("--label " + base::printable(label) + " has no name");
    }
    request.labels.emplace_back(label.substr(0, equals),
                                equals == std::string::npos ? "" : label.substr(equals + 1));
  }
}

void take_tags(const BuildOptions& options, builder::BuildRequest& request) {
  for (const auto& tag : options.tags) {
    const auto reference = image::parse_reference(tag);
    if (reference.digest) {
      throw base::UsageError("--tag " + base::printable(tag) + ": a tag cannot hold a digest");
    }
    request.tags.push_back(image::with_default_tag(reference));
  }
}

/// What buildx takes too: a yes or no; and the words of podman.
builder::PullPolicy parse_pull(const std::string& text) {
  using Policy = builder::PullPolicy;
  if (const auto value = base::parse_go_bool(text); value || text.empty())
    return value.value_or(false) ? Policy::always : Policy::missing;
  if (text == "always") return Policy::always;
  if (text == "newer") return Policy::newer;
  if (text == "missing") return Policy::missing;
  if (text == "never") return Policy::never;
  throw base::UsageError("--pull=" + base::printable(text) +
                         " is not known: use always, newer, missing or never");
}

/// Before anything runs that would be for nothing.
void check_has_id(const BuildOptions& options, const std::vector<builder::OutputSpec>& outputs) {
  if (!options.wants_id() || outputs.empty() || std::ranges::any_of(outputs, &is_image)) return;
  throw base::UsageError(std::string(options.iidfile.empty() ? "--iidfile-raw" : "--iidfile") +
                         " needs an output that is an image: type=" + outputs.front().type +
                         " has no id");
}

void take_outputs(const BuildOptions& options, builder::BuildRequest& request) {
  bool to_stdout = false;
  for (const auto& text : options.outputs) {
    request.outputs.push_back(parse_output(text));
    if (!writes_to_stdout(request.outputs.back())) continue;
    if (to_stdout) throw base::UsageError("only one --output can go to standard output");
    to_stdout = true;
  }
  if (options.load) request.outputs.push_back({.type = "image", .attributes = {}});
  if (options.push) request.outputs.push_back({.type = "image", .attributes = {{"push", "true"}}});
  annotate(request.outputs, options.annotations);
  if (options.squash) squash(request.outputs);
  add_compressions(request.outputs, options.added_compressions);
  if (options.timestamp) set_timestamp(request.outputs, *options.timestamp);
  options.buildah.put_into(request.outputs);
  check_has_id(options, request.outputs);
  if (options.push && request.tags.empty()) {
    throw base::UsageError("--push needs a name to push to: add --tag REGISTRY/NAME:TAG");
  }
  if (to_stdout && options.quiet) {
    throw base::UsageError("--quiet prints to standard output, where an --output goes already");
  }
}

/// `where` begins the message about one without a name.
void take_build_arg(const std::string& argument, const std::string& where,
                    builder::BuildRequest& request) {
  const auto equals = argument.find('=');
  const std::string name = argument.substr(0, equals);
  if (name.empty()) throw base::UsageError(where + base::printable(argument) + " has no name");
  const auto value =
      equals == std::string::npos ? environment(name) : std::optional(argument.substr(equals + 1));
  if (value) request.build_args[name] = value;
}

std::string take_network(const BuildOptions& options) {
  if (options.network.empty()) return "default";  // as buildx
  for (const char* known : {"default", "host", "none", "private"}) {
    if (options.network == known) return known;
  }
  throw base::UsageError("--network " + base::printable(options.network) +
                         " is not supported: use default, host, none or private");
}

/// As buildx: what shows something does not go with --quiet.
void check_quiet(const std::string& progress) {
  const auto mode = parse_progress(progress);
  if (progress.empty() || progress == "auto" || mode == ProgressMode::quiet ||
      mode == ProgressMode::none)
    return;
  throw base::UsageError("--progress=" + progress + " and --quiet exclude each other");
}

}  // namespace

void take_build_arg_files(const std::vector<std::string>& files, builder::BuildRequest& request) {
  for (const auto& file : files) {
    const std::string text = base::read_host_file(file, kMaxArgumentFileBytes);
    for (auto line : base::split(text, '\n')) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty() || line.starts_with('#')) continue;
      take_build_arg(std::string(line), "--build-arg-file " + file + ": ", request);
    }
  }
}

void take_build_args(const std::vector<std::string>& arguments, builder::BuildRequest& request) {
  for (const auto& argument : arguments) take_build_arg(argument, "--build-arg ", request);
  // What is no number names something of the build, which knows more of it.
  const auto epoch = environment("SOURCE_DATE_EPOCH");
  if (epoch && !epoch->empty() && !base::parse_i64(*epoch))
    request.build_args.try_emplace("SOURCE_DATE_EPOCH", epoch);
}

void BuildOptions::add_to(OptionParser& parser) {
  parser.optional_operand(
      "CONTEXT", context,
      "Files to build from: a directory (default: .), a git repository, the URL "
      "of a tar or Dockerfile, or - for one on standard input");
  parser.value("-f,--file", "PATH", file,
               "Dockerfile (default: CONTEXT/Dockerfile); a URL; - reads standard input");
  parser.list("-t,--tag", "NAME[:TAG]", tags, "Name for the image; may be repeated");
  parser.value("--target", "STAGE", target, "Stage to build (default: the last one)");
  parser.list("--build-arg", "NAME[=VALUE]", build_args,
              "Value for an ARG; without =VALUE from the environment");
  parser.list("--build-arg-file", "FILE", build_arg_files,
              "File of such values, one a line; lines with # are none");
  parser.list("--label", "NAME=VALUE", labels, "Label for the image");
  parser.list("--unsetlabel", "NAME", unset_labels, "Label that the image does not keep");
  parser.list("--unsetenv", "NAME", unset_env,
              "Environment variable that the image does not keep; steps have it");
  parser.list("--annotation", "[KIND:]NAME=VALUE", annotations,
              "Annotation for the image's manifest, or index, manifest-descriptor, "
              "index-descriptor");
  cache.add_to(parser);
  parser.list("--platform", "OS/ARCH[,…]", platforms,
              "Platform of the image (this machine's own); several make an image index");
  parser.word_flag("--pull", pull,
                   "Ask the registry for newer bases: always (--pull alone), newer (if it can be "
                   "reached), missing (the default) or never");
  parser.alias_flag("--pull-always", "always", pull);
  parser.alias_flag("--pull-never", "never", pull);
  parser.list(
      "-o,--output", "SPEC", outputs,
      "type=image|registry|oci|docker|tar|local|cacheonly[,dest=…], a directory, or - for a tar");
  parser.flag("--push", push, "Push the image under its names");
  parser.flag("--squash", squash, "All layers of the image, the base's too, as one");
  parser.list("--add-compression", "gzip|zstd", added_compressions,
              "The image once more, its layers packed so, beside it in an image index");
  parser.value("--timestamp", "SECONDS", timestamp,
               "Time of the image and of all files in its new layers, in seconds since 1970");
  parser.flag("--load", load,
              "Keep the image in the store, whatever else --output says (default without it)");
  parser.value("--iidfile", "FILE", iidfile, "Write the image's id (digest of its config) here");
  parser.value("--metadata-file", "FILE", metadata_file, "Write what was built here, as JSON");
  parser.flag("-q,--quiet", quiet, "Show nothing but the image's id, as in --iidfile");
  parser.value("--progress", "KIND", progress, "auto, plain, tty, rawjson, quiet or none");
  parser.flag("-D,--debug", debug,
              "Show each request to registries and web servers (with --progress=plain, if none is "
              "chosen)");
  parser.value("--network", "MODE", network,
               "Network of RUN: default (the host's), host, none or private");
  parser.list("--add-host", "NAME:IP", add_hosts, "Line for /etc/hosts of RUN");
  parser.value("--shm-size", "SIZE", shm_size, "Size of /dev/shm of RUN (default 64m)");
  parser.list("--ulimit", "NAME=SOFT[:HARD]", ulimits, "Limit for RUN");
  parser.value("--isolation", "KIND", isolation,
               "auto, root, rootless, shared-pids, chroot or none");
  call.add_to(parser);
  secrets.add_to(parser);
  steps.add_to(parser);
  sources.add_to(parser);
  lock.add_to(parser);
  attest.add_to(parser);
  buildah.add_to(parser);
  parser.flag("--offline", registry.offline,
              "Ask no registry, no web server and no git repository; steps have --network");
  store.add_to(parser);
  registry.add_to(parser);
  refuse_unsupported_build_options(parser);
}

ProgressMode BuildOptions::progress_mode() const {
  const std::string chosen =
      progress.empty() ? environment("BUILDKIT_PROGRESS").value_or("") : progress;
  if (quiet) {
    check_quiet(progress);
    return ProgressMode::quiet;
  }
  const bool is_open = chosen.empty() || chosen == "auto";
  const bool is_written = !buildah.logfile.empty();
  if (is_written && chosen == "tty")
    throw base::UsageError("--progress=tty needs a terminal, not a --logfile");
  return parse_progress(is_open && (is_written || (debug && chosen.empty())) ? "plain" : chosen);
}

builder::BuildRequest make_build_request(const BuildOptions& options) {
  builder::BuildRequest request;
  request.target = options.target;
  take_build_arg_files(options.build_arg_files, request);
  take_build_args(options.build_args, request);
  request.unset_labels = options.unset_labels;
  request.unset_env = options.unset_env;
  take_labels(options, request);
  take_tags(options, request);
  take_outputs(options, request);
  request.attestations = options.attest.settings(
      {.metadata_file = options.metadata_file, .build_args = request.build_args});
  if (!options.buildah.names_platform()) {
    request.platforms = parse_platform_list(options.platforms);
  } else if (!options.platforms.empty()) {
    throw base::UsageError("--platform does not go with --os, --arch and --variant");
  }
  request.pull = parse_pull(options.pull);
  options.cache.take_into(request);
  request.contexts = options.sources.named_contexts();
  request.short_names = options.sources.short_names.rule();
  request.network = take_network(options);
  for (const auto& host : options.add_hosts) take_add_hosts(host, request.add_hosts);
  if (!options.shm_size.empty())
    request.shm_size_bytes = parse_byte_size("--shm-size", options.shm_size);
  for (const auto& limit : options.ulimits) request.ulimits.push_back(parse_ulimit(limit));
  options.buildah.put_into(request);
  options.steps.put_into(request);
  check_deleting_outputs(request.outputs, request.allowed);
  request.secrets = make_secret_lookup(options.secrets.secrets);
  request.secret_ids = ids_of_secrets(options.secrets.secrets);
  request.ssh_agents = make_ssh_agent_lookup(options.secrets.agents);
  request.isolation =
      options.isolation.empty() || options.isolation == "default" ? "auto" : options.isolation;
  return request;
}

base::Clock make_clock() {
  const auto text = environment("SOURCE_DATE_EPOCH");
  const auto seconds = text ? base::parse_i64(*text) : std::nullopt;
  if (!seconds) return base::Clock{};  // see take_build_args
  if (*seconds < 0 || *seconds > builder::kLatestEpoch) {
    throw base::UsageError("SOURCE_DATE_EPOCH=" + base::printable(*text) +
                           " is no number of seconds since 1970");
  }
  return base::Clock{std::chrono::sys_seconds{std::chrono::seconds{*seconds}}};
}

}  // namespace ibuild::cli
