#include "image/docker_archive.h"

#include <nlohmann/json.hpp>

#include "image/json_access.h"

namespace ibuild::image {

std::vector<DockerArchiveImage> parse_docker_archive_manifest(std::string_view json) {
  const auto parsed = parse_untrusted_json(json, "manifest.json");
  std::vector<DockerArchiveImage> images;
  for (const JsonValue& item : JsonValue(parsed, "manifest.json").as_list()) {
    images.push_back({.config = item.at("Config").as_string(),
                      .repo_tags = item.strings_or_empty("RepoTags"),
                      .layers = item.strings_or_empty("Layers")});
  }
  return images;
}

std::string to_json(const std::vector<DockerArchiveImage>& images) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const DockerArchiveImage& image : images) {
    nlohmann::ordered_json object;
    object["Config"] = image.config;
    object["RepoTags"] = nullptr;
    if (!image.repo_tags.empty()) object["RepoTags"] = image.repo_tags;
    object["Layers"] = image.layers;
    list.push_back(std::move(object));
  }
  return dump_json(list);
}

}  // namespace ibuild::image
