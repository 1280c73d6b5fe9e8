#include <catch2/catch.hpp>

#include <algorithm>
#include <latch>

#include "base/error.h"
#include "builder/plan/platform_target.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "parser/diagnostic.h"
#include "tests/support/builder/fakes.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using ibuild::test::BuildFixture;

namespace {

const image::Platform kHost = image::host_platform();
/// One whose programs do not run here.
const image::Platform kForeign = image::parse_platform("linux/s390x");

struct Multi : BuildFixture {
  Multi() {
    request.platforms = {kHost, kForeign};
    images.add_for(kHost, "base", {{"arch", kHost.str()}, {"bin/sh", "sh"}});
    images.add_for(kForeign, "base", {{"arch", kForeign.str()}, {"bin/sh", "sh"}});
  }
  image::Index index(const builder::BuildResult& result) {
    return image::parse_index(store->content().read(result.image.digest), result.image.media_type);
  }
  image::ImageConfig config_of(const image::Descriptor& manifest) {
    const auto parsed = image::parse_manifest(store->content().read(manifest.digest));
    return image::parse_image_config(store->content().read(parsed.config.digest));
  }
};

std::vector<std::string> platforms_of(const image::Index& index) {
  std::vector<std::string> names;
  for (const auto& entry : index.manifests) names.push_back(entry.platform.value().str());
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("multi_platform: an index lists the platforms in the order asked for", "[builder]") {
  Multi f;
  f.request.platforms = {kForeign, kHost, kForeign};
  f.write("a", "a");
  const auto result = f.build("FROM base\nCOPY a /a\n");
  CHECK(result.image.media_type == image::media_type::kOciIndex);
  CHECK(result.config_digest.empty());
  const auto index = f.index(result);
  CHECK(platforms_of(index) == std::vector<std::string>{kForeign.str(), kHost.str()});
  CHECK(f.config_of(index.manifests[0]).platform == kForeign);
  CHECK(f.config_of(index.manifests[1]).platform == kHost);
  const auto tagged = f.store->images().find(f.request.tags[0]);
  REQUIRE(tagged);
  CHECK(tagged->digest == result.image.digest);
}

TEST_CASE("multi_platform: steps of two platforms that make one layer at once give it one time",
          "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.clock = base::Clock();
  for (int round = 0; round < 20; ++round) {
    const std::string command = "make " + std::to_string(round);
    std::latch both(2);
    f.sandbox.on(command, [&](const base::DirFd& root, sandbox::StepObserver&) {
      both.arrive_and_wait();
      base::write_file_atomically(root, base::RelPath::exact("made"), command);
      return 0;
    });
    // What differs between the stages, as it does between platforms, is no part of the layer.
    std::string dockerfile = "FROM base AS a\nENV STAGE=a\nRUN ";
    dockerfile.append(command).append("\nFROM base AS b\nENV STAGE=b\nRUN ").append(command);
    dockerfile += "\nCOPY --from=a /made /made-by-a\n";
    const auto made = f.build(dockerfile);
    CHECK(f.build(dockerfile).image.digest == made.image.digest);
    f.request.target = "a";
    const auto history = f.config(f.build(dockerfile)).history;
    f.request.target.clear();
    CHECK(history.at(2).created == f.config(made).history.at(2).created);
  }
}

TEST_CASE("multi_platform: each image is the one that a build for its platform alone makes",
          "[builder]") {
  Multi f;
  f.write("a", "a");
  const std::string dockerfile =
      "FROM base\nARG TARGETARCH\nCOPY a /a-$TARGETARCH\nLABEL for=$TARGETARCH\n";
  const auto index = f.index(f.build(dockerfile));
  REQUIRE(index.manifests.size() == 2);
  CHECK(f.config_of(index.manifests[1]).config.labels.at("for") == "s390x");
  for (std::size_t i = 0; i < 2; ++i) {
    f.request.platforms = {*index.manifests[i].platform};
    CHECK(f.build(dockerfile).image.digest == index.manifests[i].digest);
  }
}

TEST_CASE("multi_platform: a stage pinned to the build platform runs once", "[builder]") {
  Multi f;
  const auto result = f.build(
      "FROM --platform=$BUILDPLATFORM base AS build\nRUN compile\n"
      "FROM --platform=$BUILDPLATFORM base AS cross\nARG TARGETARCH\nRUN cross-compile\n"
      "FROM base\nCOPY --from=build /bin/sh /sh\nCOPY --from=cross /arch /arch\n");
  CHECK(f.sandbox.commands().size() == 3);
  const auto commands = f.sandbox.commands();
  CHECK(std::count(commands.begin(), commands.end(), "compile") == 1);
  CHECK(f.index(result).manifests.size() == 2);
}

TEST_CASE("multi_platform: vertices name the platform, and the one that is built for",
          "[builder]") {
  Multi f;
  f.build(
      "FROM --platform=$BUILDPLATFORM base AS build\nARG TARGETOS\nARG TARGETARCH\nRUN make\n"
      "FROM base\nCOPY --from=build /bin/sh /x\n");
  const auto names = f.events.vertex_names();
  const auto host = kHost.str_with_version();
  CHECK(contains(names, "[" + host + " build 2/2] RUN make"));
  CHECK(contains(names, "[" + host + "->s390x build 2/2] RUN make"));
  CHECK(contains(names, "[linux/s390x stage-1 2/2] COPY --from=build /bin/sh /x"));
  CHECK(contains(f.events.added_vertex_names(),
                 "[linux/s390x internal] load metadata for docker.io/library/base:latest"));
}

TEST_CASE("multi_platform: one platform is named and makes an index only when that is asked for",
          "[builder]") {
  Multi f;
  f.request.platforms = {kHost};
  f.write("a", "a");
  const auto lone = f.build("FROM base\nCOPY a /a\n");
  CHECK(lone.image.media_type == image::media_type::kOciManifest);
  CHECK(contains(f.events.vertex_names(), "[2/2] COPY a /a"));
  f.request.build_args["BUILDKIT_MULTI_PLATFORM"] = "1";
  const auto index = f.index(f.build("FROM base\nCOPY a /a\n"));
  REQUIRE(index.manifests.size() == 1);
  CHECK(index.manifests[0].digest == lone.image.digest);
  CHECK(contains(f.events.vertex_names(), "[" + kHost.str() + " 2/2] COPY a /a"));
}

TEST_CASE("multi_platform: what BUILDKIT_MULTI_PLATFORM says must fit", "[builder]") {
  builder::BuildRequest request;
  request.build_args["BUILDKIT_MULTI_PLATFORM"] = "0";
  CHECK(builder::result_shape(request) == builder::ResultShape::image);
  request.platforms = {kHost, kForeign};
  CHECK_THROWS_WITH(builder::result_shape(request), Catch::Contains("BUILDKIT_MULTI_PLATFORM"));
  request.build_args["BUILDKIT_MULTI_PLATFORM"] = "maybe";
  CHECK_THROWS_AS(builder::result_shape(request), base::UsageError);
}

TEST_CASE("multi_platform: the failing platform is named", "[builder]") {
  Multi f;
  f.write("only-" + kHost.architecture, "x");
  CHECK_THROWS_WITH(f.build("FROM base\nARG TARGETARCH\nCOPY only-$TARGETARCH /\n"),
                    Catch::StartsWith("linux/s390x: ") && Catch::Contains("only-s390x"));
  CHECK_THROWS_WITH(f.build("FROM base\nARG TARGETARCH\nCOPY --from=$TARGETARCH a /\n"),
                    Catch::StartsWith(kHost.str() + ": "));
  f.images.add_for(kForeign, "only-here", {{"f", "f"}});
  f.images.add_for(image::parse_platform("linux/riscv64"), "only-here", {{"f", "f"}});
  CHECK_THROWS_WITH(f.build("FROM only-here\n"), Catch::Contains(kHost.str()));
}

TEST_CASE("multi_platform: a base without the platform is used, with a warning", "[builder]") {
  Multi f;
  f.images.add("lone", {{"f", "f"}});
  f.request.platforms = {kForeign};
  const auto result = f.build("FROM lone\nLABEL a=b\n");
  CHECK(f.config(result).platform == kForeign);
  REQUIRE(f.events.warnings().size() == 1);
  CHECK_THAT(f.events.warnings()[0],
             Catch::Contains("Base image lone was pulled with platform \"" + kHost.str() +
                             "\", expected \"linux/s390x\" for current build"));
}

TEST_CASE("multi_platform: without a wish the base's own platform stays", "[builder]") {
  Multi f;
  f.images.add_for(kForeign, "lone", {{"f", "f"}});
  f.request.platforms = {};
  CHECK(f.config(f.build("FROM lone\nLABEL a=b\n")).platform == kForeign);
}

TEST_CASE("multi_platform: folders for platforms, or one tree without clashes", "[builder]") {
  Multi f;
  const base::TempDir out = test::make_scratch_dir();
  f.request.outputs = {{"local", {{"dest", out.host_path()}}}};
  f.write("a", "a");
  const std::string dockerfile = "FROM scratch\nARG TARGETARCH\nCOPY a /dir/$TARGETARCH\n";
  f.build(dockerfile);
  const auto exists = [&](const std::string& path) {
    return base::try_lstat_at(out.dir(), base::RelPath::exact(path)).has_value();
  };
  CHECK(exists("linux_s390x/dir/s390x"));
  CHECK(exists("linux_" + kHost.architecture + "/dir/" + kHost.architecture));
  f.request.outputs[0].attributes["platform-split"] = "false";
  f.build(dockerfile);
  CHECK(exists("dir/s390x"));
  CHECK(exists("dir/" + kHost.architecture));
  CHECK_THROWS_WITH(f.build("FROM scratch\nCOPY a /same\n"),
                    Catch::Contains("/same of linux/s390x would overwrite that of"));
}
