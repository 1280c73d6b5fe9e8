#include "builder/attest/provenance.h"

#include <nlohmann/json.hpp>
#include <variant>

#include "base/text.h"
#include "builder/attest/step_graph.h"

namespace ibuild::builder {

namespace {

using Json = nlohmann::ordered_json;
using Mode = ProvenanceSettings::Mode;

constexpr const char* kBuildType =
    "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md";
constexpr const char* kBuildTypeOfV02 = "https://mobyproject.org/buildkit@v1";
constexpr const char* kExtensionOfV02 = "https://mobyproject.org/buildkit@v1#";
constexpr const char* kPredicateType = "https://slsa.dev/provenance/v1";
constexpr const char* kPredicateTypeOfV02 = "https://slsa.dev/provenance/v0.2";

bool is_proxy(const std::string& name) { return base::to_lower(name).ends_with("_proxy"); }

/// The value of a URL without what lets one in.
std::string shown_argument(const std::string& name, const std::string& value) {
  return is_proxy(name) ? without_credentials(value) : value;
}

void put_joined(Json& args, const char* name, const std::vector<std::string>& values) {
  if (!values.empty()) args[name] = base::join(values, ",");
}

/// The options of `buildah build` that change the image, as BuildKit would name them if it had
/// them.
void put_further_options(Json& args, const BuildRequest& request, Mode mode) {
  if (mode == Mode::max) {
    for (const auto& [name, value] : request.env) args["env:" + name] = shown_argument(name, value);
  }
  if (!request.first_base.empty()) args["from"] = request.first_base;
  put_joined(args, "unset-env", request.unset_env);
  put_joined(args, "unset-labels", request.unset_labels);
  if (!request.inherits_labels) args["inherit-labels"] = "false";
  if (!request.has_history) args["omit-history"] = "true";
}

/// The options as BuildKit's front end is given them.
Json arguments(const ProvenanceFacts& facts, Mode mode) {
  const auto& request = facts.request;
  Json args = Json::object();
  if (mode == Mode::max) {
    auto given = request.build_args;
    if (facts.epoch)
      given.try_emplace("SOURCE_DATE_EPOCH",
                        std::to_string(facts.epoch->time_since_epoch().count()));
    for (const auto& [name, value] : given) {
      if (value) args["build-arg:" + name] = shown_argument(name, *value);
    }
    for (const auto& [name, value] : request.labels) args["label:" + name] = value;
  }
  if (!request.target.empty()) args["target"] = request.target;
  if (request.no_cache) args["no-cache"] = "";
  put_joined(args, "no-cache", request.no_cache_stages);
  put_joined(args, "add-hosts", request.add_hosts);
  if (request.network != "default") args["force-network-mode"] = request.network;
  put_further_options(args, request, mode);
  return args;
}

bool hides_arguments(const ProvenanceFacts& facts, Mode mode) {
  if (mode == Mode::max) return false;
  const auto& request = facts.request;
  return !request.build_args.empty() || !request.labels.empty() || !request.env.empty() ||
         facts.epoch;
}

Json to_json(const std::set<UsedSecret>& secrets) {
  Json list = Json::array();
  for (const auto& secret : secrets) {
    Json json = {{"id", secret.id}};
    if (secret.optional) json["optional"] = true;
    list.push_back(std::move(json));
  }
  return list;
}

Json request_json(const ProvenanceFacts& facts, Mode mode) {
  Json json;
  json["frontend"] = "dockerfile.v0";
  if (auto args = arguments(facts, mode); !args.empty()) json["args"] = std::move(args);
  if (mode == Mode::max && !facts.sources.secrets.empty())
    json["secrets"] = to_json(facts.sources.secrets);
  if (mode == Mode::max && !facts.sources.ssh.empty()) json["ssh"] = to_json(facts.sources.ssh);
  for (const auto& name : facts.sources.locals) json["locals"].push_back({{"name", name}});
  return json;
}

Json digest_json(const SourceArtifact& artifact) {
  Json json = Json::object();
  json[artifact.algorithm] = artifact.hex;
  return json;
}

/// What the build was asked to work on; `path` is the name of the member for the Dockerfile.
Json config_source(const ProvenanceFacts& facts, const char* path) {
  Json json = Json::object();
  if (const auto& context = facts.sources.context; !context.uri.empty()) {
    json["uri"] = context.uri;
    json["digest"] = digest_json(context);
  }
  json[path] = facts.request.origin.dockerfile_path;
  return json;
}

Json dependencies(const ProvenanceFacts& facts) {
  Json list = Json::array();
  for (const auto& artifact : facts.sources.artifacts)
    list.push_back({{"uri", artifact.uri}, {"digest", digest_json(artifact)}});
  return list;
}

Json build_config(const ProvenanceFacts& facts) {
  Json json = Json::object();
  json["steps"] = describe_steps(facts.steps, facts.results);
  return json;
}

/// What BuildKit calls its metadata.
Json own_metadata(const ProvenanceFacts& facts, Mode mode) {
  Json json = Json::object();
  if (const auto& vcs = facts.request.origin.vcs; !vcs.empty()) json["vcs"] = vcs;
  if (mode == Mode::max) json["source"] = describe_source(facts.steps, facts.request);
  return json;
}

bool is_hermetic(const ProvenanceFacts& facts) {
  return facts.sources.complete() && !facts.sources.uses_network;
}

std::string host() { return image::host_platform().str(); }

Json predicate(const ProvenanceFacts& facts, const ProvenanceSettings& settings) {
  Json definition;
  definition["buildType"] = kBuildType;
  definition["externalParameters"] = {{"configSource", config_source(facts, "path")},
                                      {"request", request_json(facts, settings.mode)}};
  Json internal = Json::object();
  if (settings.mode == Mode::max) internal["buildConfig"] = build_config(facts);
  internal["builderPlatform"] = host();
  definition["internalParameters"] = std::move(internal);
  if (auto list = dependencies(facts); !list.empty())
    definition["resolvedDependencies"] = std::move(list);

  Json metadata = Json::object();
  if (!facts.epoch) {
    metadata["invocationId"] = facts.invocation;
    metadata["startedOn"] = base::format_rfc3339(facts.started);
    metadata["finishedOn"] = base::format_rfc3339(facts.finished);
  }
  metadata["buildkit_metadata"] = own_metadata(facts, settings.mode);
  if (is_hermetic(facts)) metadata["buildkit_hermetic"] = true;
  metadata["buildkit_completeness"] = {{"request", !hides_arguments(facts, settings.mode)},
                                       {"resolvedDependencies", facts.sources.complete()}};
  if (settings.reproducible) metadata["buildkit_reproducible"] = true;

  Json builder = {{"id", settings.builder_id}};
  builder["version"] = {{"ibuild", facts.request.attestations.tool}};
  Json json;
  json["buildDefinition"] = std::move(definition);
  json["runDetails"] = {{"builder", std::move(builder)}, {"metadata", std::move(metadata)}};
  return json;
}

Json predicate_of_v02(const ProvenanceFacts& facts, const ProvenanceSettings& settings) {
  Json json;
  json["builder"] = {{"id", settings.builder_id}};
  json["buildType"] = kBuildTypeOfV02;
  if (auto list = dependencies(facts); !list.empty()) json["materials"] = std::move(list);
  json["invocation"] = {{"configSource", config_source(facts, "entryPoint")},
                        {"parameters", request_json(facts, settings.mode)},
                        {"environment", {{"platform", host()}}}};
  if (settings.mode == Mode::max) json["buildConfig"] = build_config(facts);
  Json metadata = Json::object();
  if (!facts.epoch) {
    metadata["buildInvocationID"] = facts.invocation;
    metadata["buildStartedOn"] = base::format_rfc3339(facts.started);
    metadata["buildFinishedOn"] = base::format_rfc3339(facts.finished);
  }
  metadata["completeness"] = {{"parameters", !hides_arguments(facts, settings.mode)},
                              {"environment", true},
                              {"materials", facts.sources.complete()}};
  metadata["reproducible"] = settings.reproducible;
  const std::string extension = kExtensionOfV02;
  if (is_hermetic(facts)) metadata[extension + "hermetic"] = true;
  metadata[extension + "metadata"] = own_metadata(facts, settings.mode);
  json["metadata"] = std::move(metadata);
  return json;
}

}  // namespace

Attestation make_provenance(const ProvenanceFacts& facts, const ProvenanceSettings& settings) {
  const bool is_old = settings.version == ProvenanceSettings::Version::v0_2;
  const Json json = is_old ? predicate_of_v02(facts, settings) : predicate(facts, settings);
  return {.predicate_type = is_old ? kPredicateTypeOfV02 : kPredicateType,
          .predicate_json = json.dump(-1, ' ', false, Json::error_handler_t::replace),
          .file_name = settings.file_name,
          .inline_only = settings.inline_only};
}

}  // namespace ibuild::builder
