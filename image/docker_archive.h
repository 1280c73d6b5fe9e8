#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ibuild::image {

/// The table of contents of what `docker save` writes.
inline constexpr std::string_view kDockerArchiveManifestFile = "manifest.json";

/// One image of a docker archive. Paths are those of the archive's entries.
/// See: moby's image specification v1.2, "Combined Image JSON + Filesystem Changeset Format".
struct DockerArchiveImage {
  std::string config;
  std::vector<std::string> repo_tags;  // "app:1"; empty for an untagged image
  std::vector<std::string> layers;     // lowest first
  bool operator==(const DockerArchiveImage&) const = default;
};

/// Reads manifest.json. Throws: base::ContentError naming the field.
std::vector<DockerArchiveImage> parse_docker_archive_manifest(std::string_view json);
/// Writes manifest.json, in the key order and with the null of docker save.
std::string to_json(const std::vector<DockerArchiveImage>& images);

}  // namespace ibuild::image
