#include "cli/result_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "builder/export/output_file.h"
#include "cli/lint_report.h"
#include "image/manifest.h"

namespace ibuild::cli {

namespace {

/// As buildx reads BUILDX_METADATA_WARNINGS.
bool tells_warnings() {
  const char* value = std::getenv("BUILDX_METADATA_WARNINGS");
  return value != nullptr && base::parse_go_bool(value) == true;
}

}  // namespace

std::string metadata_json(const builder::BuildResult& result, const DockerfileText& dockerfile) {
  auto json = nlohmann::ordered_json::object();
  if (!result.config_digest.empty())
    json["containerimage.config.digest"] = result.config_digest.str();
  if (!result.image.digest.empty()) {
    json["containerimage.descriptor"] = nlohmann::ordered_json::parse(image::to_json(result.image));
    json["containerimage.digest"] = result.image.digest.str();
  }
  // As buildx: under the platform's name where there are several.
  for (const auto& [platform, predicate] : result.provenance) {
    const auto key = result.provenance.size() > 1 ? "buildx.build.provenance/" + platform
                                                  : std::string("buildx.build.provenance");
    json[key] = nlohmann::ordered_json::parse(predicate);
  }
  if (!result.warnings.empty() && tells_warnings()) {
    json["buildx.build.warnings"] =
        nlohmann::ordered_json::parse(build_warnings_json(result.warnings, dockerfile));
  }
  if (!result.names.empty()) json["image.name"] = base::join(result.names, ",");
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void write_result_file(const std::string& path, const std::string& content) {
  const auto file = builder::OutputFile::open(path, {});
  file->sink().write(base::as_bytes(content));
  file->commit();
}

void remove_result_file(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw base::SystemError("remove", path);
}

}  // namespace ibuild::cli
