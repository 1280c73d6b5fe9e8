#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/thread_pool.h"
#include "builder/attest/attestation_settings.h"
#include "builder/attest/build_origin.h"
#include "builder/cache/cache_spec.h"
#include "builder/cdi/cdi_registry.h"
#include "builder/context/named_contexts.h"
#include "builder/events.h"
#include "builder/git/git_source.h"
#include "builder/image_source.h"
#include "builder/remote_files.h"
#include "builder/secret_lookup.h"
#include "builder/ssh_agent_lookup.h"
#include "builder/tree/file_owners.h"
#include "image/descriptor.h"
#include "image/platform.h"
#include "image/reference.h"
#include "image/short_name.h"
#include "layers/blob_watcher.h"
#include "layers/compression.h"
#include "layers/store.h"
#include "layers/working_tree.h"
#include "sandbox/network_files.h"
#include "sandbox/sandbox.h"

namespace ibuild::builder {

/// `-o type=…`. Which attributes a type takes is checked by its exporter.
struct OutputSpec {
  std::string type;  // "image", "registry", "oci", "docker", "tar", "local", "cacheonly"
  std::map<std::string, std::string> attributes;  // dest, push, compression, compression-level, …
};

/// What --allow grants to a Dockerfile.
struct Allowances {
  bool host_network = false;
  bool insecure_steps = false;
  bool secrets_in_layers = false;    // the search for their values is left out
  bool local_delete = false;         // outputs may empty any directory of the host
  bool all_devices = false;          // RUN --device
  std::vector<std::string> devices;  // those alone, as a Dockerfile names them
};

/// What holds steps to less than the sandbox does by itself.
struct StepSecurity {
  bool no_new_privileges = false;
  sandbox::SecurityLabels labels;
};

/// A device of the host that RUN finds: by its path, or by the name that a description gives it.
struct StepDevice {
  std::string path;      // on the host
  std::string target;    // absolute, in the step
  std::string cdi_name;  // instead of both; see CdiRegistry
};

/// What a user asks of one build: plain data.
struct BuildRequest {
  std::string dockerfile_name = "Dockerfile";  // shown in messages
  std::string dockerfile;                      // its text
  std::optional<std::string> context_dir;      // host path; none: empty context
  std::optional<std::string> ignore_file;      // text of the ignore file that applies
  enum class ContextLife { lasting, this_build };
  ContextLife context_life = ContextLife::lasting;  // whether the directory is there next time
  std::optional<base::TimePoint> context_time;      // see ResolvedContext::time
  FileOwners context_owners;                        // see ResolvedContext::owners
  NamedContexts contexts;
  image::ShortNameRule short_names = image::ShortNameRule::docker;  // of what it reads
  BuildOrigin origin;
  std::string target;  // empty: the last stage
  std::map<std::string, std::optional<std::string>>
      build_args;  // no value: taken from the environment by cli before (absent there: dropped)
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<std::string> unset_labels;  // names that the image shall not have, but for `labels`
  std::vector<std::string> unset_env;     // variables likewise; steps have them
  std::vector<std::pair<std::string, std::string>> env;  // that every stage begins with
  bool inherits_labels = true;  // false: no stage has those of what it stands on
  bool has_history = true;      // false: the image's configuration has none
  std::string first_base;       // in place of the image that the first FROM names; empty: that
  std::vector<image::Reference> tags;
  std::vector<OutputSpec> outputs;  // empty: the store
  AttestationSettings attestations;
  /// Of the result, one image each. Empty: this machine's own, or that of a base which has no
  /// other.
  std::vector<image::Platform> platforms;
  PullPolicy pull = PullPolicy::missing;
  /// What tells this build from others when it is compared with its last one; empty: the
  /// Dockerfile's name and the context.
  std::string name;
  bool no_cache = false;
  std::vector<std::string> no_cache_stages;       // --no-cache-filter
  std::optional<std::chrono::seconds> cache_ttl;  // older results of steps do not count
  std::vector<CacheSpec> cache_from;
  std::vector<CacheSpec> cache_to;
  std::string network = "default";     // default network of RUN
  std::vector<std::string> add_hosts;  // "name:ip", "name:host-gateway"
  sandbox::DnsSettings dns;
  std::uint64_t shm_size_bytes = 64 << 20;
  std::vector<sandbox::Rlimit> ulimits;
  sandbox::ResourceLimits resources;
  StepSecurity security;
  std::vector<StepDevice> devices;
  std::vector<std::string> cdi_directories = default_cdi_directories();
  std::chrono::milliseconds step_timeout{0};  // of each RUN; 0: none
  std::string isolation = "auto";
  SecretLookup secrets;                 // --secret
  std::vector<std::string> secret_ids;  // those that it has, for messages
  SshAgentLookup ssh_agents;            // --ssh
  Allowances allowed;
  std::size_t max_parallel_steps = 0;  // 0: number of processors, at least 4
};

class CacheRegistry;  // builder/cache/cache_place.h

/// The parts of the world a build works with. References: the caller owns them and outlives the
/// build.
struct Services {
  layers::Store& store;
  layers::SnapshotBackend* snapshots;  // null: no profile that can RUN; `no_run_reason` says why
  sandbox::Sandbox* sandbox;           // null likewise
  std::string no_run_reason;
  std::vector<ImageSource*> image_sources;  // asked in order
  EventSink& events;
  base::Clock clock;
  base::ThreadPool& pool;
  RemoteFiles* files = nullptr;  // by URL; null: a build that needs one fails
  GitSource* git = nullptr;      // null likewise
  /// Opens an image in an OCI layout of this machine; empty likewise.
  std::function<std::unique_ptr<ImageSource>(const LayoutContext& layout)> open_layout = {};
  CacheRegistry* cache_registry = nullptr;  // opens caches in registries; null: there are none
};

/// An image that exists as values: bytes of config and manifest, and its layers.
struct BuiltImage {
  std::string config_json;
  std::string manifest_json;
  image::Descriptor config;
  image::Descriptor manifest;
  layers::LayerChain layers;  // blobs filled in as described by the manifest
};

/// Bytes that something names by a descriptor.
struct BuiltBlob {
  image::Descriptor descriptor;
  std::string bytes;
};

/// What is said of an image: a manifest of the index, which names the image.
struct BuiltAttestations {
  BuiltBlob manifest;
  std::vector<BuiltBlob> blobs;  // its config and the statements
};

/// All that a build made, in the form of one output.
struct BuiltImages {
  std::vector<BuiltImage> images;  // one for each platform, in the order asked for
  std::vector<BuiltAttestations> attestations;
  std::string index_json;  // empty: the one image stands for itself
  image::Descriptor top;   // of the index, or of that image's manifest
};

struct BuildResult {
  image::Descriptor image;  // manifest or index that the outputs got (empty digest for tar, local,
                            // cacheonly alone)
  base::Digest config_digest;      // the image id that docker shows; empty for an index
  std::vector<std::string> names;  // full references given to it
  /// AttestationSettings::reported: a predicate for each platform.
  std::map<std::string, std::string> provenance;
  parser::Diagnostics warnings;
};

/// Pushes finished images: implemented in builder/remote, called by the `registry` exporter and by
/// --push.
class ImagePusher {
 public:
  virtual ~ImagePusher() = default;
  virtual void push(const BuiltImages& built, const std::vector<image::Reference>& names,
                    VertexId vertex, EventSink& events, std::stop_token stop) = 0;
  /// Begins to send a layer's blob of the store to repositories that an image with it will be
  /// pushed to, and returns at once. What becomes of it is push()'s concern. For any thread.
  virtual void begin_push(const image::Descriptor& blob,
                          const std::vector<image::Reference>& names) = 0;
  /// Somebody who sends a layer's blob to these repositories while it is made, as far as there is
  /// something to be gained; may be null. What becomes of it is push()'s concern. For any thread.
  virtual std::shared_ptr<layers::BlobWatcher> send_while_made(
      const std::vector<image::Reference>& names) = 0;
};

/// The whole way from text to image; see the passes in build.cc.
/// Throws: parser::DockerfileError, base::Error and what is derived from it. `pusher` may be null
/// when no output pushes.
BuildResult build(const BuildRequest& request, const Services& services, ImagePusher* pusher,
                  std::stop_token stop);

/// Under what the store keeps reports (cache/builds) of a build with this BuildRequest::name.
std::string named_build(const std::string& name, const std::vector<image::Platform>& platforms);

}  // namespace ibuild::builder
