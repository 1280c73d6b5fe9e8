#include "cli/result_places.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "builder/cache/cache_options.h"
#include "builder/export/output_attributes.h"
#include "cli/option_paths.h"
#include "cli/output_spec.h"

namespace ibuild::cli {

namespace {

namespace fs = std::filesystem;

std::string destination(const builder::OutputSpec& output) {
  const auto dest = output.attributes.find("dest");
  return dest == output.attributes.end() ? "" : dest->second;
}

bool writes_directory(const builder::OutputSpec& output) {
  return output.type == "local" ||
         (output.type == "oci" && !builder::OutputAttributes(output).flag("tar", true));
}

bool writes_file(const builder::OutputSpec& output) {
  const bool is_file = output.type == "oci" || output.type == "docker" || output.type == "tar";
  return is_file && !writes_directory(output) && !writes_to_stdout(output);
}

/// Where files can appear: also in directories that outputs make.
class Places {
 public:
  explicit Places(const std::vector<builder::OutputSpec>& outputs) {
    for (const auto& output : outputs) {
      if (writes_directory(output)) made_.push_back(fs::absolute(destination(output)));
    }
  }
  void check(const std::string& option, const std::string& path) const {
    if (!path.empty() && !will_be_made(path)) result_file(option, path);
  }

 private:
  bool will_be_made(const std::string& path) const {
    return std::ranges::any_of(made_, [&](const fs::path& directory) {
      const auto below = fs::absolute(path).lexically_normal().lexically_relative(
          (directory / "").lexically_normal());
      return !below.empty() && *below.begin() != "..";
    });
  }
  std::vector<fs::path> made_;
};

[[noreturn]] void refuse_offline(const std::string& what, const std::string& hint) {
  base::UsageError error("--offline and " + what + " cannot be used together");
  error.set_hint(hint);
  throw error;
}

void refuse_push(const std::string& what) {
  refuse_offline(what, "build with --offline, and send the image with `ibuild push` later");
}

/// With ignore-error=true it is a warning when the time has come.
void check_cache_offline(const builder::CacheSpec& spec) {
  const auto to = builder::read_cache_to(spec);
  if (to.ignore_error || !to.place.reference) return;
  refuse_offline("--cache-to type=" + spec.type,
                 "write the cache to a directory: --cache-to type=local,dest=…");
}

void check_offline(const BuildOptions& options, const builder::BuildRequest& request) {
  if (!options.registry.offline) return;
  if (options.push) refuse_push("--push");
  for (const auto& output : request.outputs) {
    if (output.type == "registry") refuse_push("--output type=registry");
    if (output.type == "image" && builder::OutputAttributes(output).flag("push", false))
      refuse_push("--output type=image,push=true");
  }
  for (const auto& spec : request.cache_to) check_cache_offline(spec);
}

}  // namespace

void check_result_places(const BuildOptions& options, const builder::BuildRequest& request) {
  check_offline(options, request);
  const Places places(request.outputs);
  for (const auto& output : request.outputs) {
    if (writes_file(output))
      places.check("--output type=" + output.type + ",dest", destination(output));
  }
  places.check("--iidfile", options.iidfile);
  places.check("--iidfile-raw", options.buildah.iidfile_raw);
  places.check("--metadata-file", options.metadata_file);
  if (options.lock.write) places.check("--lock-file", options.lock.file);
}

}  // namespace ibuild::cli
