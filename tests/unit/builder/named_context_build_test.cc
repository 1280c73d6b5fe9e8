// --build-context through whole builds.
#include <fcntl.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/support/builder/fakes.h"
#include "tests/support/git_repository.h"
#include "tests/unit/builder/context/tar_text.h"

using namespace ibuild;
using builder::DirectoryContext;
using builder::GitContext;
using builder::ImageContext;
using builder::LayoutContext;
using builder::UrlContext;
using Catch::Matchers::Contains;
using ibuild::test::BuildFixture;

namespace {

/// A directory beside the build context.
struct OtherDirectory {
  base::TempDir dir = test::make_scratch_dir();

  void write(const std::string& path, const std::string& content) {
    const auto place = base::RelPath::exact(path);
    base::make_dirs(dir.dir(), place.parent());
    base::write_file_atomically(dir.dir(), place, content);
  }
  DirectoryContext spec() const { return {dir.host_path()}; }
};

}  // namespace

TEST_CASE("named context: COPY --from and mounts read a directory", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "", 0755}});
  OtherDirectory other;
  other.write("sub/file", "other");
  f.request.contexts.add("src", other.spec());
  f.sandbox.on("look", [](const base::DirFd& root, sandbox::StepObserver&) {
    base::write_file_atomically(root, base::RelPath::exact("ran"), "");
    return 0;
  });
  const auto result = f.build(
      "FROM base\nCOPY --from=src sub/file /got\nRUN --mount=type=bind,from=src,target=/src "
      "look\n");
  CHECK(f.content(*f.tree(result), "got") == "other");
  REQUIRE(f.sandbox.specs().size() == 1);
  CHECK(f.sandbox.specs()[0].mounts.size() == 1);
}

TEST_CASE("named context: a directory in place of an image", "[builder]") {
  BuildFixture f;
  OtherDirectory other;
  other.write("etc/name", "other");
  f.request.contexts.add("debian:12", other.spec());
  const auto result = f.build("FROM docker.io/library/debian:12\nENV A=b\n");
  CHECK(f.content(*f.tree(result), "etc/name") == "other");
  const auto config = f.config(result);
  CHECK(config.history.size() == 2);
  CHECK(config.diff_ids.size() == 1);
}

TEST_CASE("named context: a directory in place of a stage", "[builder]") {
  BuildFixture f;
  OtherDirectory other;
  other.write("out", "ready made");
  f.request.contexts.add("build", other.spec());
  const auto result =
      f.build("FROM no-such-image AS build\nRUN make\nFROM scratch\nCOPY --from=build /out /\n");
  CHECK(f.content(*f.tree(result), "out") == "ready made");
  CHECK(f.sandbox.commands().empty());
}

TEST_CASE("named context: a directory has ignore files of its own", "[builder]") {
  BuildFixture f;
  OtherDirectory other;
  other.write("a", "a");
  other.write("b", "b");
  other.write(".dockerignore", "b\n");
  f.request.contexts.add("src", other.spec());
  f.request.ignore_file = "a\n";
  const auto tree = f.tree(f.build("FROM scratch\nCOPY --from=src / /\n"));
  CHECK(f.content(*tree, "a") == "a");
  CHECK(f.look(*tree, "b").empty());
}

TEST_CASE("named context: another image in place of an image", "[builder]") {
  BuildFixture f;
  f.images.add("mine:3", {{"name", "mine"}}).config.config.env = {"MINE=1"};
  f.request.contexts.add("alpine", ImageContext{image::parse_reference("mine:3")});
  const auto result = f.build("FROM alpine:latest\nCOPY --from=alpine /name /copy\n");
  CHECK(f.content(*f.tree(result), "copy") == "mine");
  CHECK(f.config(result).config.env.front() == "MINE=1");
  // Another tag is another image.
  CHECK_THROWS_WITH(f.build("FROM alpine:3.20\n"), Contains("alpine:3.20"));
}

TEST_CASE("named context: nothing in place of an image", "[builder]") {
  BuildFixture f;
  f.write("file", "x");
  f.request.contexts.add("alpine", ImageContext{});
  const auto result = f.build("FROM alpine\nCOPY file /\n");
  CHECK(f.config(result).diff_ids.size() == 1);
}

TEST_CASE("named context: one for a platform goes before one for all", "[builder]") {
  BuildFixture f;
  f.images.add("for-arm", {{"name", "arm"}}).config.platform = image::parse_platform("linux/arm64");
  f.images.add("for-all", {{"name", "all"}});
  f.request.contexts.add("base::linux/arm64", ImageContext{image::parse_reference("for-arm")});
  f.request.contexts.add("base", ImageContext{image::parse_reference("for-all")});
  const auto tree = f.tree(
      f.build("FROM --platform=linux/arm64 base AS arm\nFROM base\nCOPY --from=arm /name /arm\n"));
  CHECK(f.content(*tree, "name") == "all");
  CHECK(f.content(*tree, "arm") == "arm");
}

TEST_CASE("named context: an OCI layout is opened by its path", "[builder]") {
  BuildFixture f;
  f.layouts.add("base", {{"name", "of the layout"}});
  f.request.contexts.add("base", LayoutContext{.path = "/some/layout", .tag = "v1", .digest = {}});
  const auto result = f.build("FROM base\nLABEL a=b\n");
  CHECK(f.content(*f.tree(result), "name") == "of the layout");
  CHECK(f.opened_layouts == std::vector<std::string>{"/some/layout:v1"});
}

TEST_CASE("named context: a repository, and a file by URL", "[builder]") {
  if (!test::has_git()) return;
  BuildFixture f;
  test::GitRepository repository;
  repository.write("file", "from git");
  repository.commit("first");
  parser::GitReference reference;
  reference.remote = repository.url();
  f.request.contexts.add("repo", GitContext{reference});
  f.files.files["http://web.test/x"] = {"no tar"};
  f.request.contexts.add("web", UrlContext{"http://web.test/x"});
  const auto tree =
      f.tree(f.build("FROM scratch\nCOPY --from=repo file /\nCOPY --from=web context /web\n"));
  CHECK(f.content(*tree, "file") == "from git");
  CHECK(f.content(*tree, "web") == "no tar");
}

TEST_CASE("named context: a tar by URL is a file like any other", "[builder]") {
  BuildFixture f;
  const std::string tar = test::TarText{.name = "a", .content = "x"}.str() + test::tar_end();
  f.files.files["http://web.test/t.tar"] = {tar};
  f.request.contexts.add("web", UrlContext{"http://web.test/t.tar"});
  const auto tree = f.tree(f.build("FROM scratch\nCOPY --from=web . /web/\n"));
  CHECK(f.content(*tree, "web/context") == tar);
  CHECK(f.look(*tree, "web/context") == "file 0600 0:0");
  CHECK_FALSE(tree->lookup(base::RelPath::clean("web/a")));
}

TEST_CASE("named context: only what is used is asked for", "[builder]") {
  BuildFixture f;
  f.request.contexts.add("web", UrlContext{"http://web.test/x"});
  f.build("FROM scratch\nLABEL a=b\n");
  CHECK(f.files.asked.empty());
  CHECK_THROWS_WITH(f.build("FROM scratch\nCOPY --from=web x /\n"),
                    Contains("build context web") && Contains("404"));
}

TEST_CASE("named context: one that nothing uses is told, with what may be meant", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"bin/sh", "", 0755}});
  OtherDirectory other;
  other.write("a", "a");
  f.request.contexts.add("src", other.spec());
  f.request.contexts.add("bsae", other.spec());
  f.request.contexts.add("tols", other.spec());
  f.request.contexts.add("far", other.spec());
  f.request.contexts.add("base::linux/riscv64", other.spec());
  f.build(
      "FROM base AS tools\nFROM base\nCOPY --from=src a /a\n"
      "RUN --mount=type=bind,from=tools,target=/t b\n");
  const std::string start = "--build-context: no stage, FROM or --from is called ";
  CHECK(f.events.warnings() ==
        std::vector<std::string>{start + "base::linux/riscv64", start + "bsae (did you mean base?)",
                                 start + "far", start + "tols (did you mean tools?)"});
}

TEST_CASE("named context: what a trigger or a stage that is not built uses is used", "[builder]") {
  BuildFixture f;
  OtherDirectory other;
  other.write("a", "a");
  auto& base = f.images.add("base", {{"bin/sh", "", 0755}});
  base.config.config.on_build = {"COPY --from=triggered a /a"};
  f.request.contexts.add("triggered", other.spec());
  f.request.contexts.add("unbuilt", other.spec());
  f.build("FROM scratch AS no\nCOPY --from=unbuilt a /\nFROM base\n");
  CHECK(f.events.warnings().empty());
}

TEST_CASE("named context: a misspelt one is told also when its image is not there", "[builder]") {
  BuildFixture f;
  OtherDirectory other;
  other.write("a", "a");
  f.request.contexts.add("dpes", other.spec());
  CHECK_THROWS_AS(f.build("FROM scratch\nCOPY --from=deps a /a\n"), base::Error);
  CHECK(f.events.warnings() ==
        std::vector<std::string>{
            "--build-context: no stage, FROM or --from is called dpes (did you mean deps?)"});
}
