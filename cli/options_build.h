#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/build.h"
#include "cli/isolation.h"
#include "cli/option_parser.h"
#include "cli/options_attest.h"
#include "cli/options_buildah.h"
#include "cli/options_cache.h"
#include "cli/options_check.h"
#include "cli/options_lock.h"
#include "cli/options_registry.h"
#include "cli/options_secrets.h"
#include "cli/options_sources.h"
#include "cli/options_steps.h"
#include "cli/options_store.h"
#include "cli/progress.h"

namespace ibuild::cli {

/// The command line of `ibuild build` as it was written.
struct BuildOptions {
  std::string context = ".";
  std::string file;
  std::vector<std::string> tags;
  std::string target;
  std::vector<std::string> build_args;
  std::vector<std::string> build_arg_files;
  std::vector<std::string> labels;
  std::vector<std::string> unset_labels;
  std::vector<std::string> unset_env;
  std::vector<std::string> annotations;
  bool squash = false;
  std::vector<std::string> added_compressions;
  std::optional<std::string> timestamp;
  CacheOptions cache;
  std::vector<std::string> platforms;
  std::string pull;
  bool push = false;
  bool load = false;
  std::vector<std::string> outputs;
  std::string iidfile;
  std::string metadata_file;
  bool quiet = false;
  bool debug = false;
  std::string progress;
  std::string network = "default";
  std::vector<std::string> add_hosts;
  std::string shm_size;
  std::vector<std::string> ulimits;
  std::string isolation;
  CallOptions call;
  SecretOptions secrets;
  StepOptions steps;
  SourceOptions sources;
  LockOptions lock;
  AttestOptions attest;
  BuildahOptions buildah;
  StoreOptions store;
  RegistryFlags registry;

  void add_to(OptionParser& parser);
  ProgressMode progress_mode() const;
  /// Whether the image's id is to be written somewhere.
  bool wants_id() const { return !iidfile.empty() || !buildah.iidfile_raw.empty(); }
};

/// Checks the values and makes a request of them; the Dockerfile, the ignore file and the context
/// are still missing in it. Values that are not given come from the environment where `docker
/// build` takes them from there. Throws: UsageError naming the option.
builder::BuildRequest make_build_request(const BuildOptions& options);

/// Puts values of --build-arg into a request, after those of --build-arg-file. Throws: UsageError.
void take_build_arg_files(const std::vector<std::string>& files, builder::BuildRequest& request);
void take_build_args(const std::vector<std::string>& arguments, builder::BuildRequest& request);

/// Stands still at SOURCE_DATE_EPOCH where the environment has it. (A build argument of the name,
/// or one that is no number, is the builder's business.) Throws: UsageError for a number out of
/// range.
base::Clock make_clock();

/// Options of `docker build` and `podman build` that are refused by name, or change nothing.
void refuse_unsupported_build_options(OptionParser& parser);

}  // namespace ibuild::cli
