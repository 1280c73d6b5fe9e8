#include "builder/context/context_spec.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using namespace ibuild::builder;

namespace {

template <typename T>
T main_as(const std::string& text) {
  const auto spec = parse_context(text);
  REQUIRE(std::holds_alternative<T>(spec));
  return std::get<T>(spec);
}

template <typename T>
T named_as(const std::string& text) {
  const auto spec = parse_named_context(text);
  REQUIRE(std::holds_alternative<T>(spec));
  return std::get<T>(spec);
}

}  // namespace

TEST_CASE("context_spec: a directory, standard input, a repository, a URL", "[context]") {
  const auto scratch = test::make_scratch_dir();
  CHECK(main_as<DirectoryContext>(scratch.host_path()).path == scratch.host_path());
  main_as<StdinContext>("-");
  CHECK(main_as<GitContext>("https://host/a.git#v1:sub").reference.subdir == "sub");
  CHECK(main_as<GitContext>("git@host:a/b").reference.remote == "git@host:a/b");
  CHECK(main_as<GitContext>("github.com/a/b").reference.fetch_url() == "https://github.com/a/b");
  CHECK(main_as<UrlContext>("http://host/ctx.tar.gz").url == "http://host/ctx.tar.gz");
}

TEST_CASE("context_spec: what exists as a directory is one", "[context]") {
  const auto scratch = test::make_scratch_dir();
  const std::string path = scratch.host_path() + "/git@host:a";
  base::make_host_dirs(path);
  main_as<DirectoryContext>(path);
}

TEST_CASE("context_spec: what is no context is refused", "[context]") {
  const auto scratch = test::make_scratch_dir();
  base::write_file_atomically(scratch.dir(), base::RelPath::exact("file"), "x");
  const std::string file = scratch.host_path() + "/file";
  CHECK_THROWS_WITH(parse_context(file), file + " is not a directory");
  CHECK_THROWS_WITH(parse_context(file + "s"), file + "s does not exist");
  CHECK_THROWS_WITH(parse_context("docker-image://alpine"),
                    "docker-image://alpine can only be an additional context (--build-context)");
  CHECK_THROWS_AS(parse_context("https://host/a.git?nonsense=1"), base::UsageError);
}

TEST_CASE("context_spec: a wrong escape in a URL is named, its password is not", "[context]") {
  for (const char* url : {"https://me:secret@h/%zz.tar", "https://me:secret@h/%zz.git"}) {
    CHECK_THROWS_WITH(parse_context(url),
                      Catch::Contains("invalid URL escape \"%zz\"") && !Catch::Contains("secret"));
    CHECK_THROWS_WITH(parse_named_context(url), Catch::Contains("invalid URL escape \"%zz\""));
  }
  CHECK_NOTHROW(parse_context("https://h/a%20b.tar?c=%zz"));
}

TEST_CASE("context_spec: images as additional contexts", "[context]") {
  CHECK(named_as<ImageContext>("docker-image://alpine:3").reference->str() ==
        "docker.io/library/alpine:3");
  CHECK_FALSE(named_as<ImageContext>("docker-image://scratch").reference);
  // Buildah's words for the same.
  for (const std::string scheme : {"container-image://", "docker://"}) {
    CHECK(named_as<ImageContext>(scheme + "alpine:3").reference->str() ==
          "docker.io/library/alpine:3");
  }
  CHECK_THROWS_AS(parse_named_context("docker-image://Not A Name"), base::UsageError);
}

TEST_CASE("context_spec: OCI layouts as additional contexts", "[context]") {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const auto bare = named_as<LayoutContext>("oci-layout://some/dir");
  CHECK(bare.path == "some/dir");
  CHECK(bare.tag.empty());
  CHECK_FALSE(bare.digest);
  const auto full = named_as<LayoutContext>("oci-layout:///abs:v1@" + digest);
  CHECK(full.path == "/abs");
  CHECK(full.tag == "v1");
  CHECK(full.digest->str() == digest);
  CHECK_THROWS_AS(parse_named_context("oci-layout://"), base::UsageError);
  CHECK_THROWS_AS(parse_named_context("oci-layout://x@sha256:12"), base::UsageError);
}

TEST_CASE("context_spec: directories, repositories and URLs as additional contexts", "[context]") {
  const auto scratch = test::make_scratch_dir();
  named_as<DirectoryContext>(scratch.host_path());
  named_as<GitContext>("https://host/a.git");
  named_as<UrlContext>("https://host/a.tar");
}

TEST_CASE("context_spec: forms of buildx that are not supported are named", "[context]") {
  CHECK_THROWS_WITH(parse_named_context("target:base"), Catch::Matchers::Contains("bake"));
  CHECK_THROWS_WITH(parse_named_context("input:x"), Catch::Matchers::Contains("bake"));
  CHECK_THROWS_WITH(parse_named_context("-"), Catch::Matchers::Contains("standard input"));
  CHECK_THROWS_AS(parse_named_context(""), base::UsageError);
}
