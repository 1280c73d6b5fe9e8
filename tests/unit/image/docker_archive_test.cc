#include "image/docker_archive.h"

#include <catch2/catch.hpp>

#include "base/error.h"

namespace ibuild::image {

TEST_CASE("docker_archive: what docker save writes is read", "[image]") {
  const auto images = parse_docker_archive_manifest(
      R"([{"Config":"ab.json","RepoTags":["app:1","app:2"],"Layers":["x/layer.tar","y/layer.tar"],)"
      R"("LayerSources":{"sha256:ab":{}}},{"Config":"cd.json","RepoTags":null,"Layers":null}])");
  const std::vector<DockerArchiveImage> expected = {
      {.config = "ab.json",
       .repo_tags = {"app:1", "app:2"},
       .layers = {"x/layer.tar", "y/layer.tar"}},
      {.config = "cd.json", .repo_tags = {}, .layers = {}}};
  CHECK(images == expected);
}

TEST_CASE("docker_archive: fields of a wrong type and missing ones are refused by name",
          "[image]") {
  CHECK_THROWS_WITH(parse_docker_archive_manifest(R"([{"RepoTags":["app:1"]}])"),
                    Catch::Contains("Config"));
  CHECK_THROWS_WITH(parse_docker_archive_manifest(R"([{"Config":"a","Layers":"b"}])"),
                    Catch::Contains("Layers"));
  for (const std::string_view bad : {"", "{}", "[1]", R"([{"Config":1}])"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_docker_archive_manifest(bad), base::ContentError);
  }
}

TEST_CASE("docker_archive: is written as docker save writes it, and read back", "[image]") {
  const std::vector<DockerArchiveImage> images = {
      {.config = "blobs/sha256/ab", .repo_tags = {"app:1"}, .layers = {"blobs/sha256/cd"}},
      {.config = "ef.json", .repo_tags = {}, .layers = {}}};
  const std::string json = to_json(images);
  CHECK(json ==
        R"([{"Config":"blobs/sha256/ab","RepoTags":["app:1"],"Layers":["blobs/sha256/cd"]},)"
        R"({"Config":"ef.json","RepoTags":null,"Layers":[]}])");
  CHECK(parse_docker_archive_manifest(json) == images);
}

}  // namespace ibuild::image
