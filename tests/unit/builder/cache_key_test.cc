#include "builder/cache_key.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "builder/cache/local_cache.h"
#include "tests/support/builder/fakes.h"
#include "tests/support/builder/noted_key.h"

using namespace ibuild;
using builder::StepKey;
using test::key_of;

TEST_CASE("cache_key: golden: the version and the form of a key do not change by accident",
          "[builder]") {
  CHECK(StepKey().digest() == base::sha256_of("17:ibuild step key 1"));
  CHECK(key_of({{"op", "WORKDIR /a"}, {"parent", ""}}).digest() ==
        base::sha256_of("17:ibuild step key 1"
                        "2:op10:WORKDIR /a"
                        "6:parent0:"));
}

TEST_CASE("cache_key: where one ingredient ends and the next begins is part of the key",
          "[builder]") {
  CHECK(key_of({{"a", "bc"}}).digest() != key_of({{"ab", "c"}}).digest());
  CHECK(key_of({{"a", "b"}, {"c", "d"}}).digest() != key_of({{"a", "b1:c1:d"}}).digest());
}

TEST_CASE("cache_key: details are no part of it", "[builder]") {
  StepKey key = key_of({{"files", "x"}});
  const auto before = key.digest();
  key.add_detail("step", "COPY a /");
  key.set_files([](const builder::TakeFile& take) { take("a", "1"); });
  CHECK(key.digest() == before);
}

TEST_CASE("cache_key: files are told when somebody asks, until he has enough", "[builder]") {
  StepKey key;
  const auto count = [&](int wanted) {
    int taken = 0;
    key.for_each_file([&](std::string_view, std::string_view) { return ++taken < wanted; });
    return taken;
  };
  CHECK(count(9) == 0);
  int made = 0;
  key.set_files([&](const builder::TakeFile& take) {
    for (const char* path : {"a", "b", "c"}) {
      ++made;
      if (!take(path, "1")) return;
    }
  });
  CHECK(made == 0);
  CHECK(count(9) == 3);
  CHECK(made == 3);
  CHECK(count(2) == 2);
  CHECK(made == 5);
  key.forget_details();
  CHECK(count(9) == 0);
}

// What enters a key and what does not: cache_key.h is the list.
TEST_CASE("cache_key: what does not matter does not cost a step", "[builder]") {
  test::BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.write("dir/a", "a");
  f.build("FROM base\nCOPY dir /dir\nRUN make\n");
  f.events.clear();
  SECTION("a comment, the case of a keyword, the file's name, labels") {
    f.request.dockerfile_name = "Other";
    f.build("# comment\nfrom base\nCOPY dir /dir\nLABEL a=b\nrun make\n");
  }
  SECTION("times of files") {
    const timespec times[2] = {{1, 0}, {1, 0}};
    REQUIRE(::utimensat(f.context().get(), "dir/a", times, 0) == 0);
    f.build("FROM base\nCOPY dir /dir\nRUN make\n");
  }
  SECTION("proxies given on the command line, addresses of hosts") {
    f.request.build_args["HTTP_PROXY"] = "http://proxy";
    f.build("FROM base\nCOPY dir /dir\nRUN make\n");
  }
  CHECK(f.events.cached_count() == 3);
}

TEST_CASE("cache_key: what matters makes another key", "[builder]") {
  test::BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.write("dir/a", "a");
  f.build("FROM base\nCOPY dir /dir\n");
  const std::string dockerfile = "FROM base\nRUN make\n";
  f.build(dockerfile);
  f.events.clear();
  const auto misses = [&](const std::string& text) {
    f.events.clear();
    f.build(text);
    return f.events.reasons();
  };
  SECTION("a file's name") {
    REQUIRE(::renameat(f.context().get(), "dir/a", f.context().get(), "dir/b") == 0);
    CHECK(misses("FROM base\nCOPY dir /dir\n").size() == 1);
  }
  SECTION("a file's mode") {
    f.write("dir/a", "a", 0755);
    CHECK(misses("FROM base\nCOPY dir /dir\n").size() == 1);
  }
  SECTION("--chown") { CHECK(misses("FROM base\nCOPY --chown=1 dir /dir\n").size() == 1); }
  SECTION("a variable") { CHECK(misses("FROM base\nENV A=1\nRUN make\n").size() == 1); }
  SECTION("the user") { CHECK(misses("FROM base\nUSER 7\nRUN make\n").size() == 1); }
  SECTION("the network") { CHECK(misses("FROM base\nRUN --network=none make\n").size() == 1); }
  SECTION("the base's layers") {
    f.images.add("base", {{"bin/sh", "another"}});
    CHECK(misses(dockerfile).size() == 1);
  }
}

// What BuildKit has as well, and what it lacks.
TEST_CASE("cache_key: a step does not see what it does not use", "[builder]") {
  test::BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.images.add("other", {{"bin/sh", "another"}});
  f.write("used/a", "a");
  f.write("rest/b", "b");
  const auto ran = [&](const std::string& text) {
    f.events.clear();
    f.build(text);
    return f.events.reasons();
  };
  SECTION("COPY --link does not look at what it lands on") {
    f.build("FROM base\nRUN one\nCOPY --link used /x\n");
    f.sandbox.leave_traces();
    const auto reasons = ran("FROM other\nRUN two\nCOPY --link used /x\n");
    CHECK(reasons.size() == 1);  // RUN two
    CHECK(f.events.cached_count() == 2);
  }
  SECTION("of a bind mount only the mounted part counts") {
    const std::string text = "FROM base\nRUN --mount=type=bind,source=used,target=/in make\n";
    f.build(text);
    f.write("rest/b", "changed");
    CHECK(ran(text).empty());
    f.write("used/a", "changed");
    CHECK(ran(text) == std::vector<std::string>{"used/a changed"});
  }
  SECTION("of a bind mount from a stage only the mounted part counts") {
    const auto text = [](const std::string& rest) {
      return "FROM base AS s\nCOPY used /used\nCOPY rest /rest" + rest +
             "\nFROM base\nRUN --mount=type=bind,from=s,source=/used,target=/in make\n";
    };
    f.build(text("1"));
    CHECK(ran(text("2")).size() == 1);  // COPY rest
  }
  SECTION("COPY --from goes by the files it takes") {
    const auto text = [](const std::string& rest) {
      return "FROM base AS s\nCOPY used /used\nCOPY rest /rest" + rest +
             "\nFROM base\nCOPY --from=s /used /x\nRUN make\n";
    };
    f.build(text("1"));
    CHECK(ran(text("2")).size() == 1);
  }
  SECTION("ENV and LABEL do not touch COPY, LABEL does not touch RUN") {
    f.build("FROM base\nENV A=1\nLABEL l=1\nCOPY used /x\n");
    CHECK(ran("FROM base\nENV A=2\nLABEL l=2\nCOPY used /x\n").empty());
    f.build("FROM base\nLABEL l=1\nRUN make\n");
    CHECK(ran("FROM base\nLABEL l=2\nRUN make\n").empty());
  }
  SECTION("the id and the sharing of a cache mount") {
    f.build("FROM base\nRUN --mount=type=cache,target=/c make\n");
    CHECK(ran("FROM base\nRUN --mount=type=cache,target=/c,id=x,sharing=locked make\n").empty());
  }
}

TEST_CASE("cache_key: files of several sources are compared whatever the order of these",
          "[builder]") {
  test::BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  for (const char* path : {"z/a", "z/y", "b/a", "b/c/d", "a"}) f.write(path, "1");
  const std::string text =
      GENERATE("FROM base\nCOPY z b/c a . b /x/\n",
               "FROM base\nRUN --mount=source=z,target=/z --mount=source=b/c,target=/c "
               "--mount=source=a,target=/a --mount=source=b,target=/b make\n");
  f.build(text);
  const auto reasons = [&] {
    f.events.clear();
    f.build(text);
    return f.events.reasons();
  };
  CHECK(reasons().empty());
  f.write("b/c/d", "2");
  CHECK(reasons() == std::vector<std::string>{"b/c/d changed"});
  f.write("z/a", "2");
  f.write("b/c-", "new");
  CHECK(reasons() == std::vector<std::string>{"b/c- is new and 1 more"});
  REQUIRE(::unlinkat(f.context().get(), "z/y", 0) == 0);
  CHECK(reasons() == std::vector<std::string>{"z/y is gone"});
}

// A golden test of the list in cache_key.h: what the store notes of a step are its ingredients.
TEST_CASE("cache_key: golden: the ingredients of each kind of step", "[builder]") {
  test::BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}, {"etc/passwd", "u:x:7:7::/:\n"}});
  f.write("dir/a", "a");
  f.build(
      "FROM base AS s\nFROM base\nARG V=1\nENV E=2\nWORKDIR /w\nCOPY --chown=u dir /d\nCOPY "
      "<<h /h\ntext\nh\nCOPY --from=s /bin /b\nCOPY --link dir /l\nRUN --network=none "
      "--mount=type=cache,target=/c --mount=type=bind,source=dir,target=/in make\n");
  std::vector<std::string> found;
  const auto steps = f.store->cache_dir("steps");
  builder::LocalCache cache(steps.dup());
  for (const auto& folder : base::list_dir(steps)) {
    if (folder.name.size() != 2) continue;
    for (const auto& file : base::list_dir(steps, base::RelPath::exact(folder.name))) {
      if (!file.name.ends_with(".why")) continue;
      const auto key = base::Digest::parse("sha256:" + folder.name + file.name.substr(0, 62));
      std::string names;
      const auto ingredients = cache.open_ingredients(key);
      REQUIRE(ingredients);
      for (const auto& ingredient : ingredients->ingredients())
        names += (names.empty() ? "" : ", ") + ingredient.name;
      found.push_back(names);
    }
  }
  std::sort(found.begin(), found.end());
  const std::string of_run =
      "op, parent, env PATH, env V, env E, cwd, user, network, platform, hostname, shm-size, "
      "mount /c, mount /in, epoch";
  CHECK(found == std::vector<std::string>{
                     "op, epoch, files",
                     of_run,
                     "op, parent, epoch",
                     "op, parent, epoch, files",
                     "op, parent, epoch, source",
                     "op, parent, inline, epoch",
                 });
}

TEST_CASE("cache_key: a damaged note of what a step was made of is as none", "[builder]") {
  test::BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.write("a", "1");
  f.build("FROM base\nCOPY a /a\n");
  const auto steps = f.store->cache_dir("steps");
  for (const auto& folder : base::list_dir(steps)) {
    if (folder.name.size() != 2) continue;
    for (const auto& file : base::list_dir(steps, base::RelPath::exact(folder.name))) {
      if (!file.name.ends_with(".why")) continue;
      const auto path = base::RelPath::exact(folder.name + "/" + file.name);
      const auto text = base::try_read_file_at(steps, path, 1 << 20).value();
      base::write_file_atomically(steps, path, text.substr(0, text.size() - 1));
    }
  }
  f.write("a", "2");
  f.events.clear();
  f.build("FROM base\nCOPY a /a\n");
  CHECK(f.events.reasons() ==
        std::vector<std::string>{"what it was made of before is not known any more"});
}

TEST_CASE("cache_key: --no-cache and its filter run steps whose result is there", "[builder]") {
  test::BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  const std::string text =
      "FROM base AS a\nRUN a\nFROM base AS b\nRUN b\nFROM a\nCOPY --from=b /bin /b\n";
  f.build(text);
  f.events.clear();
  SECTION("a stage") {
    f.request.no_cache_stages = {"b"};
    f.build(text);
    CHECK(f.sandbox.commands().size() == 3);
    CHECK(f.sandbox.commands().back() == "b");
  }
  SECTION("all") {
    f.request.no_cache = true;
    f.build(text);
    CHECK(f.sandbox.commands().size() == 4);
    CHECK(f.events.reasons() == std::vector<std::string>(3, "the cache is not to be used"));
  }
}

TEST_CASE("cache_key: results older than the time to live are made again, once", "[builder]") {
  test::BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  f.build("FROM base\nRUN a\n");
  f.events.clear();
  f.request.cache_ttl = std::chrono::hours(1);
  f.build("FROM base\nRUN a\n");
  CHECK(f.sandbox.commands().size() == 1);
  f.request.cache_ttl = std::chrono::seconds(0);
  f.build("FROM base\nRUN a\n");
  CHECK(f.sandbox.commands().size() == 2);
  REQUIRE(f.events.reasons().size() == 1);
  CHECK_THAT(f.events.reasons()[0], Catch::Contains("is too old"));
  f.request.cache_ttl = std::chrono::hours(1);
  f.build("FROM base\nRUN a\n");
  CHECK(f.sandbox.commands().size() == 2);
}

TEST_CASE("build: a miss names the build argument, the new step, and that a step failed before",
          "[builder]") {
  test::BuildFixture f;
  f.images.add("base", {{"bin/sh", "sh"}});
  const auto reasons = [&](const std::string& text) {
    f.events.clear();
    f.build(text);
    return f.events.reasons();
  };
  f.request.build_args["V"] = "1";
  CHECK(reasons("FROM base\nARG V\nRUN a\n").empty());  // the first build
  f.request.build_args["V"] = "2";
  CHECK(reasons("FROM base\nARG V\nRUN a\n") == std::vector<std::string>{"build-arg V 1 → 2"});
  f.sandbox.leave_traces();
  const auto moved = reasons("FROM base\nARG V\nRUN new\nRUN a\n");
  REQUIRE(moved.size() == 2);
  CHECK(moved[0] == "the instruction changed, it was RUN a");
  CHECK_THAT(moved[1], Catch::StartsWith("it stands on RUN new now, before on FROM docker.io/"));
  f.sandbox.on("bad", [](const base::DirFd&, sandbox::StepObserver&) { return 1; });
  CHECK_THROWS(f.build("FROM base\nRUN bad\n"));
  f.sandbox.on("bad", [](const base::DirFd&, sandbox::StepObserver&) { return 0; });
  const auto after = reasons("FROM base\nRUN bad\n");
  REQUIRE(after.size() == 1);
  CHECK_THAT(after[0], Catch::Contains("it failed"));
}
