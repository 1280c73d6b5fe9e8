// Caches that lie elsewhere, through whole builds: each fixture is a machine with a store of its
// own, a directory is the cache between them.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "base/error.h"
#include "builder/cache/cache_options.h"
#include "builder/cache/layout_cache.h"
#include "image/oci_layout.h"
#include "tests/support/builder/fakes.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using ibuild::test::BuildFixture;

namespace {

const std::string kDockerfile =
    "FROM base AS build\nCOPY src /src\nRUN compile\nFROM base\nCOPY --from=build /out /app\n"
    "RUN finish\n";

int write_out(const base::DirFd& root, const std::string& name, const std::string& text) {
  base::write_file_atomically(root, base::RelPath::exact(name), text);
  return 0;
}

/// A machine with the base and the sources.
struct CachedMachine : BuildFixture {
  explicit CachedMachine(const std::string& directory) : directory_(directory) {
    images.add("base", {{"bin/sh", "sh"}});
    write("src/main.c", "main");
    clock = base::Clock();
    sandbox.on("compile", [](const base::DirFd& root, sandbox::StepObserver&) {
      return write_out(root, "out", "compiled");
    });
    sandbox.on("finish", [](const base::DirFd& root, sandbox::StepObserver&) {
      return write_out(root, "finished", "yes");
    });
  }
  void write_cache(const std::string& mode) {
    request.cache_to = {{"local", {{"dest", directory_}, {"mode", mode}}}};
  }
  void read_cache() { request.cache_from = {{"local", {{"src", directory_}}}}; }
  std::size_t commands_run() const { return sandbox.commands().size(); }

 private:
  std::string directory_;
};

std::vector<std::string> blob_names(const base::DirFd& cache) {
  std::vector<std::string> names;
  for (const auto& entry : base::list_dir(cache, base::RelPath::exact("blobs/sha256")))
    names.push_back(entry.name);
  return names;
}

base::RelPath blob_path(const std::string& name) {
  return base::RelPath::exact("blobs/sha256/" + name);
}

bool is_json(const base::DirFd& cache, const std::string& name) {
  return base::read_file_at(cache, blob_path(name), 1 << 24).starts_with('{');
}

}  // namespace

TEST_CASE("other_caches: a machine hits the steps of another one, and gets the same image",
          "[builder]") {
  const auto cache = test::make_scratch_dir();
  CachedMachine first(cache.host_path());
  first.write_cache("max");
  const auto made = first.build(kDockerfile);
  CachedMachine second(cache.host_path());
  second.read_cache();
  const auto found = second.build(kDockerfile);
  CHECK(second.commands_run() == 0);
  CHECK(found.image.digest == made.image.digest);
  CHECK(second.content(*second.tree(found), "app") == "compiled");
  CHECK(second.events.warnings().empty());
  // What was taken over is the store's own now, also what was not fetched.
  second.request.cache_from.clear();
  second.build(kDockerfile);
  CHECK(second.commands_run() == 0);
}

TEST_CASE("other_caches: blobs come only when somebody needs them", "[builder]") {
  const auto cache = test::make_scratch_dir();
  CachedMachine first(cache.host_path());
  first.write_cache("max");
  first.build(kDockerfile);
  for (const auto& name : blob_names(cache.dir())) {
    if (!is_json(cache.dir(), name)) base::remove_tree(cache.dir(), blob_path(name));
  }
  CachedMachine second(cache.host_path());
  second.read_cache();
  second.request.outputs = {{"cacheonly", {}}};
  second.build(kDockerfile);
  CHECK(second.commands_run() == 0);
  CHECK(second.events.warnings().empty());
}

TEST_CASE("other_caches: after a change only the steps behind it run", "[builder]") {
  const auto cache = test::make_scratch_dir();
  CachedMachine first(cache.host_path());
  first.write_cache("max");
  first.build(kDockerfile);
  CachedMachine second(cache.host_path());
  second.read_cache();
  second.write("src/main.c", "changed");
  const auto result = second.build(kDockerfile);
  // It compiles to the same, so the rest is found.
  CHECK(second.sandbox.commands() == std::vector<std::string>{"compile"});
  CHECK(second.content(*second.tree(result), "finished") == "yes");
}

TEST_CASE("other_caches: mode=min keeps the image's layers and serves the whole build",
          "[builder]") {
  const auto cache = test::make_scratch_dir();
  CachedMachine first(cache.host_path());
  first.write_cache("min");
  const auto made = first.build(kDockerfile);
  const auto count = blob_names(cache.dir()).size();
  CHECK(count == 4);  // manifest, index, COPY --from, RUN finish
  CachedMachine second(cache.host_path());
  second.read_cache();
  CHECK(second.build(kDockerfile).image.digest == made.image.digest);
  CHECK(second.commands_run() == 0);

  SECTION("a step that needs bytes which are not there makes them") {
    CachedMachine third(cache.host_path());
    third.read_cache();
    const auto result = third.build(
        "FROM base AS build\nCOPY src /src\nRUN compile\nFROM base\nCOPY --from=build /out "
        "/other\n");
    CHECK(third.content(*third.tree(result), "other") == "compiled");
    CHECK(third.sandbox.commands() == std::vector<std::string>{"compile"});
  }
  SECTION("an image that ends in a stage without bytes is made") {
    CachedMachine third(cache.host_path());
    third.read_cache();
    const auto result = third.build("FROM base AS build\nCOPY src /src\nRUN compile\n");
    CHECK(third.content(*third.tree(result), "out") == "compiled");
  }
}

TEST_CASE("other_caches: several are asked in their order", "[builder]") {
  const auto one = test::make_scratch_dir();
  const auto two = test::make_scratch_dir();
  CachedMachine first(one.host_path());
  first.request.cache_to = {{"local", {{"dest", one.host_path()}, {"mode", "max"}}},
                            {"local", {{"dest", two.host_path()}, {"mode", "max"}}}};
  first.build(kDockerfile);
  CHECK(blob_names(one.dir()) == blob_names(two.dir()));
  const auto nothing = test::make_scratch_dir();
  CachedMachine second(two.host_path());
  second.request.cache_from = {{"local", {{"src", nothing.host_path()}}},
                               {"local", {{"src", two.host_path()}}}};
  second.build(kDockerfile);
  CHECK(second.commands_run() == 0);
  REQUIRE(second.events.warnings().size() == 1);
  CHECK_THAT(second.events.warnings()[0], Catch::Contains("is not used: there is none"));
}

TEST_CASE("other_caches: a broken cache is a warning and a miss, never another image",
          "[builder]") {
  const auto cache = test::make_scratch_dir();
  CachedMachine first(cache.host_path());
  first.write_cache("max");
  first.build(kDockerfile);
  const auto check = [&] {
    CachedMachine second(cache.host_path());
    second.read_cache();
    const auto result = second.build(kDockerfile);
    CHECK(second.content(*second.tree(result), "app") == "compiled");
    CHECK(second.content(*second.tree(result), "finished") == "yes");
    for (const auto& warning : second.events.warnings())
      CHECK_THAT(warning, Catch::StartsWith("cache ") || Catch::StartsWith("layer "));
    return second.events.warnings().size();
  };
  const auto each_blob = [&](const std::function<void(std::string&)>& how) {
    std::size_t warnings = 0;
    for (const auto& name : blob_names(cache.dir())) {
      const auto good = base::read_file_at(cache.dir(), blob_path(name), 1 << 24);
      auto bad = good;
      how(bad);
      base::write_file_atomically(cache.dir(), blob_path(name), bad);
      warnings += check();
      base::write_file_atomically(cache.dir(), blob_path(name), good);
    }
    return warnings;
  };
  SECTION("a flipped bit") {
    CHECK(each_blob([](std::string& bytes) {
            bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
          }) >= 4);
  }
  SECTION("cut short") {
    CHECK(each_blob([](std::string& bytes) { bytes.resize(bytes.size() / 2); }) >= 4);
  }
  SECTION("too long") {
    CHECK(each_blob([](std::string& bytes) { bytes += "more"; }) >= 4);
  }
  SECTION("all blobs gone") {
    base::remove_tree(cache.dir(), base::RelPath::exact("blobs"));
    CHECK(check() == 1);
  }
  SECTION("the layout's index") {
    base::write_file_atomically(cache.dir(), base::RelPath::exact("index.json"), "{]");
    CHECK(check() == 1);
    // It can be written again over what is left.
    first.build(kDockerfile);
    CHECK(check() == 0);
  }
  SECTION("the layout's marker") {
    base::write_file_atomically(cache.dir(), base::RelPath::exact(image::kOciLayoutFile), "{}");
    CHECK(check() == 1);
  }
}

TEST_CASE("other_caches: a cache whose layer is not that of its diff-id is given up", "[builder]") {
  const auto cache = test::make_scratch_dir();
  CachedMachine first(cache.host_path());
  first.write_cache("max");
  first.build(kDockerfile);
  // Hostile, but with all digests right: the index says that the layers are each other's.
  const auto source = builder::open_layout_cache(
      builder::read_cache_from({"local", {{"src", cache.host_path()}}}).place);
  auto content = source->load(image::host_platform(), {});
  REQUIRE(content);
  auto& records = content->bundle.records;
  const auto blobs = builder::blobs_of(content->bundle);
  for (auto& keyed : records) {
    auto& record = keyed.second;
    const auto at = std::find_if(blobs.begin(), blobs.end(), [&](const auto& blob) {
      return record.blob && blob.digest == record.blob->digest;
    });
    if (at != blobs.end())
      record.blob = blobs[(static_cast<std::size_t>(at - blobs.begin()) + 1) % blobs.size()];
  }
  builder::BuiltImage forged;
  forged.config_json = builder::to_json(content->bundle);
  forged.config.media_type = builder::kCacheIndexType;
  forged.config.digest = base::sha256_of(forged.config_json);
  forged.config.size_bytes = forged.config_json.size();
  image::Manifest manifest;
  manifest.media_type = "application/vnd.oci.image.manifest.v1+json";
  manifest.config = forged.config;
  manifest.layers = blobs;
  forged.manifest_json = image::to_json(manifest);
  forged.manifest.media_type = manifest.media_type;
  forged.manifest.digest = base::sha256_of(forged.manifest_json);
  forged.manifest.size_bytes = forged.manifest_json.size();
  builder::CachePlace place;
  place.directory = cache.host_path();
  builder::write_layout_cache(place, forged, first.store->content());

  CachedMachine second(cache.host_path());
  second.read_cache();
  const auto result = second.build(kDockerfile);
  CHECK(second.content(*second.tree(result), "app") == "compiled");
  CHECK(second.commands_run() == 2);
  REQUIRE_FALSE(second.events.warnings().empty());
  CHECK_THAT(second.events.warnings()[0], Catch::Contains("goes on without it"));
}

TEST_CASE("other_caches: inline: the image says what its steps were", "[builder]") {
  const auto layout = test::make_scratch_dir();
  CachedMachine first(layout.host_path());
  SECTION("by --cache-to") { first.request.cache_to = {{"inline", {}}}; }
  SECTION("by build argument") { first.request.build_args["BUILDKIT_INLINE_CACHE"] = "1"; }
  first.request.tags = {image::parse_reference("example.com/test:latest")};
  first.request.outputs = {{"oci", {{"dest", layout.host_path() + "/oci"}, {"tar", "false"}}},
                           {"image", {}}};
  const auto made = first.build(kDockerfile);
  CHECK(first.events.warnings().empty());
  CachedMachine second(layout.host_path());
  second.request.cache_from = {{"local", {{"src", layout.host_path() + "/oci"}}}};
  second.request.build_args = first.request.build_args;
  second.request.cache_to = first.request.cache_to;
  const auto found = second.build(kDockerfile);
  CHECK(second.commands_run() == 0);
  CHECK(second.config(found).inline_cache == first.config(found).inline_cache);
  CHECK(found.config_digest == made.config_digest);
  // An image that is built on it does not bear it.
  second.request.cache_to.clear();
  second.request.build_args.clear();
  CHECK(second.config(second.build(kDockerfile)).inline_cache.empty());
}

TEST_CASE("other_caches: failing to write one ends the build, unless that is to be ignored",
          "[builder]") {
  const auto dir = test::make_scratch_dir();
  base::write_file_atomically(dir.dir(), base::RelPath::exact("file"), "no directory");
  CachedMachine machine("");
  auto& to = machine.request.cache_to;
  to = {{"local", {{"dest", dir.host_path() + "/file"}}}};
  CHECK_THROWS_WITH(machine.build(kDockerfile), Catch::Contains("exporting cache"));
  to[0].attributes["ignore-error"] = "true";
  CHECK_NOTHROW(machine.build(kDockerfile));
  REQUIRE(machine.events.warnings().size() == 1);
  CHECK_THAT(machine.events.warnings()[0], Catch::Contains("exporting cache"));
}

TEST_CASE("other_caches: tags of one directory do not touch each other", "[builder]") {
  const auto cache = test::make_scratch_dir();
  CachedMachine first(cache.host_path());
  first.request.cache_to = {
      {"local", {{"dest", cache.host_path()}, {"tag", "a"}, {"mode", "max"}}}};
  first.build(kDockerfile);
  first.request.cache_to = {{"local", {{"dest", cache.host_path()}, {"tag", "b"}}}};
  first.build("FROM base\nRUN other\n");
  CachedMachine second(cache.host_path());
  second.request.cache_from = {{"local", {{"src", cache.host_path()}, {"tag", "a"}}}};
  second.build(kDockerfile);
  CHECK(second.commands_run() == 0);
}

TEST_CASE("other_caches: an unknown type gets a suggestion", "[builder]") {
  const auto hint = [](const std::string& type) {
    try {
      (void)builder::read_cache_to({type, {}});
    } catch (const base::UsageError& error) {
      return error.hint();
    }
    return std::string("known");
  };
  CHECK(hint("regsitry") == "did you mean registry?");
  CHECK(hint("loacl") == "did you mean local?");
  CHECK(hint("tape") == "the types are registry, local and inline");
  CHECK(hint("gha") == "use type=registry or type=local");
}
