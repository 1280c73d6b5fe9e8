#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

bool has_skopeo() { return test::can_run("peers", has_program("skopeo"), "skopeo is missing"); }
bool has_buildah() { return test::can_run("peers", has_program("buildah"), "buildah is missing"); }

const std::string kDockerfile =
    "FROM localhost/base:1\nCOPY f /dir/f\nRUN chmod 4755 /dir/f && ln /dir/f /dir/hard && ln -s f "
    "/dir/soft && mkfifo /dir/pipe\n"
    "ENV A=1\nLABEL l=v\nWORKDIR /dir\nENTRYPOINT [\"cat\"]\nCMD [\"f\"]\n";

void prepare(Machine& machine) {
  machine.make_base();
  machine.write("context/f", "content\n");
}

/// Buildah's own storage below the machine.
std::vector<std::string> buildah(const Machine& machine, std::vector<std::string> args) {
  std::vector<std::string> words = {
      "buildah",          "--root", machine.path("peer"), "--runroot", machine.path("peer-run"),
      "--storage-driver", "vfs"};
  words.insert(words.end(), args.begin(), args.end());
  return words;
}

}  // namespace

TEST_CASE("outputs: an OCI archive is what skopeo reads", "[e2e]") {
  if (!has_skopeo()) return;
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      prepare(machine);
      const auto built = machine.build("app:1", kDockerfile,
                                       {"-o", "type=oci,dest=" + machine.path("home/app.tar")});
      INFO(built.err);
      REQUIRE(built.code == 0);
      const auto inspected =
          machine.must_run({"skopeo", "inspect", "oci-archive:" + machine.path("home/app.tar")});
      CHECK_THAT(inspected, Catch::Contains("\"l\": \"v\"") && Catch::Contains("\"A=1\""));
      // A copy reads every blob and checks it.
      machine.must_run({"skopeo", "copy", "-q", "oci-archive:" + machine.path("home/app.tar"),
                        "dir:" + machine.path("home/dir")});
    }
  }
}

TEST_CASE("outputs: a docker archive is what skopeo reads", "[e2e]") {
  if (!has_skopeo()) return;
  Machine machine;
  prepare(machine);
  REQUIRE(
      machine
          .build("app:1", kDockerfile, {"-o", "type=docker,dest=" + machine.path("home/app.tar")})
          .code == 0);
  CHECK_THAT(
      machine.must_run({"skopeo", "inspect", "docker-archive:" + machine.path("home/app.tar")}),
      Catch::Contains("\"l\": \"v\""));
  machine.must_run({"skopeo", "copy", "-q", "docker-archive:" + machine.path("home/app.tar"),
                    "dir:" + machine.path("home/dir")});
}

TEST_CASE("outputs: an OCI directory, and the store itself, are layouts that skopeo reads",
          "[e2e]") {
  if (!has_skopeo()) return;
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      prepare(machine);
      REQUIRE(machine
                  .build("app:1", kDockerfile,
                         {"--load", "-o", "type=oci,tar=false,dest=" + machine.path("home/layout")})
                  .code == 0);
      CHECK_THAT(machine.must_run({"skopeo", "inspect", "oci:" + machine.path("home/layout")}),
                 Catch::Contains("\"l\": \"v\""));
      const auto name = "oci:" + machine.store() + ":docker.io/library/app:1";
      CHECK_THAT(machine.must_run({"skopeo", "inspect", name}), Catch::Contains("\"l\": \"v\""));
      machine.must_run({"skopeo", "copy", "-q", name, "dir:" + machine.path("home/dir")});
    }
  }
}

TEST_CASE("outputs: the files as a directory and as a tar", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      prepare(machine);
      const auto dockerfile = "FROM scratch\nCOPY --from=localhost/base:1 /etc /etc\nCOPY f /\n";
      REQUIRE(machine.build("app:1", dockerfile, {"-o", machine.path("home/out")}).code == 0);
      CHECK(machine.read("home/out/f") == "content\n");
      CHECK(machine.exists("home/out/etc/passwd"));
      const auto tar = machine.build("app:1", dockerfile, {"-o", "-"});
      REQUIRE(tar.code == 0);
      machine.write("home/out.tar", tar.out);
      CHECK(machine.must_run({"tar", "-tf", "home/out.tar"}) == "etc/\netc/group\netc/passwd\nf");
    }
  }
}

TEST_CASE("outputs: mode=delete leaves nothing else, and only below the working directory",
          "[e2e]") {
  Machine machine;
  prepare(machine);
  const std::string dockerfile = "FROM scratch\nCOPY f /\n";
  const auto build = [&](const std::string& dest, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"-o", "type=local,mode=delete,dest=" + dest});
    return machine.build("app:1", dockerfile, more);
  };
  machine.write("home/out/old", "old\n");
  const auto refused = build(machine.path(""));
  REQUIRE(refused.code == 2);
  CHECK_THAT(refused.err, Catch::Contains("buildx.local.delete"));
  const auto inside = machine.path("home/out");
  const auto built = build(inside, {"--allow", "buildx.local.delete"});
  INFO(built.err);
  REQUIRE(built.code == 0);
  CHECK(machine.read("home/out/f") == "content\n");
  CHECK_FALSE(machine.exists("home/out/old"));
}

TEST_CASE("outputs: store and unpack", "[e2e]") {
  Machine machine;
  prepare(machine);
  const std::string dockerfile = "FROM scratch\nCOPY f /\n";
  REQUIRE(machine.build("app:1", dockerfile, {"-o", "type=image,store=false"}).code == 0);
  CHECK(machine.must({"images", "-q", "app:1"}).empty());
  const auto trees = [&] {
    return machine.must_run(
        {"sh", "-c", "find '" + machine.store() + "/layers' -path '*/tree*/f' | wc -l"});
  };
  REQUIRE(machine.build("app:1", dockerfile, {"-o", "type=image"}).code == 0);
  CHECK(trees() == "0");
  REQUIRE(machine.build("app:1", dockerfile, {"-o", "type=image,unpack=true"}).code == 0);
  CHECK(trees() == "1");
  CHECK(machine.build("app:1", dockerfile, {"-o", "type=image,unpack=true,store=false"}).code == 2);
}

TEST_CASE("outputs: several at once", "[e2e]") {
  Machine machine;
  prepare(machine);
  REQUIRE(machine
              .build("app:1", kDockerfile,
                     {"-o", "type=oci,dest=" + machine.path("home/a.tar"), "-o",
                      "type=docker,dest=" + machine.path("home/b.tar"), "-o", "type=image"})
              .code == 0);
  CHECK(machine.exists("home/a.tar"));
  CHECK(machine.exists("home/b.tar"));
  CHECK_FALSE(machine.must({"images", "-q", "app:1"}).empty());
}

TEST_CASE("outputs: zstd and no compression", "[e2e]") {
  if (!has_skopeo()) return;
  for (const auto& compression : std::vector<std::string>{"zstd", "uncompressed"}) {
    DYNAMIC_SECTION(compression) {
      Machine machine;
      prepare(machine);
      const auto file = machine.path("home/app.tar");
      std::string output = "type=oci,force-compression=true,dest=" + file;
      output += ",compression=" + compression;
      REQUIRE(machine.build("app:1", kDockerfile, {"-o", output}).code == 0);
      machine.must_run(
          {"skopeo", "copy", "-q", "oci-archive:" + file, "dir:" + machine.path("home/dir")});
      CHECK_THAT(machine.must_run({"skopeo", "inspect", "--raw", "oci-archive:" + file}),
                 Catch::Contains(compression == "zstd" ? "tar+zstd" : "layer.v1.tar\""));
    }
  }
}

TEST_CASE("outputs: eStargz is read by others, and is a base", "[e2e]") {
  if (!has_skopeo()) return;
  Machine machine;
  prepare(machine);
  const auto file = machine.path("home/app.tar");
  REQUIRE(machine
              .build("app:1", kDockerfile,
                     {"-o", "type=oci,force-compression=true,compression=estargz,dest=" + file,
                      "-o", "type=image,compression=estargz"})
              .code == 0);
  CHECK_THAT(machine.must_run({"skopeo", "inspect", "--raw", "oci-archive:" + file}),
             Catch::Contains("containerd.io/snapshot/stargz/toc.digest"));
  machine.must_run(
      {"skopeo", "copy", "-q", "oci-archive:" + file, "dir:" + machine.path("home/dir")});
  CHECK(machine.must({"run", "app:1"}) == "content");
  REQUIRE(machine.build("on:1", "FROM app:1\nRUN echo more >/more\n").code == 0);
  CHECK(machine.must({"run", "on:1"}) == "content");
}

TEST_CASE("outputs: an image in two compressions is one index that others read", "[e2e]") {
  if (!has_skopeo()) return;
  Machine machine(Who::root);
  prepare(machine);
  const auto tar = machine.path("home/app.tar");
  const auto built = machine.build("app:1", kDockerfile,
                                   {"--add-compression", "zstd", "-o", "type=oci,dest=" + tar});
  INFO(built.err);
  REQUIRE(built.code == 0);
  const auto copy_to = [&](const std::string& where, const std::vector<std::string>& options) {
    std::vector<std::string> command = {"skopeo", "copy", "-q"};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"oci-archive:" + tar, "dir:" + machine.path(where)});
    machine.must_run(command);
  };
  copy_to("home/one", {});  // of an index it takes one image
  copy_to("home/all", {"--all"});
  const auto manifests =
      machine.must_run({"sh", "-c",
                        "cd '" + machine.path("home") +
                            "' && cat one/manifest.json; echo; grep -h -o "
                            "'tar+[a-z]*' all/*.manifest.json | sort | uniq -c"});
  CHECK_THAT(manifests, Catch::Contains("tar+gzip"));
  CHECK_THAT(manifests, Catch::Contains("tar+zstd"));
}

TEST_CASE("archives: what save writes load reads, with the same digest", "[e2e]") {
  for (const auto& format : std::vector<std::string>{"docker", "oci"}) {
    DYNAMIC_SECTION(format) {
      Machine machine;
      prepare(machine);
      REQUIRE(machine.build("app:1", kDockerfile).code == 0);
      const auto digest = machine.must({"images", "-q", "app:1"});
      machine.must({"save", "--format", format, "-o", machine.path("home/app.tar"), "app:1"});
      machine.must({"rmi", "app:1"});
      CHECK(machine.ibuild({"inspect", "app:1"}).code == 1);
      CHECK(machine.must({"load", "-i", machine.path("home/app.tar")}) == "Loaded image: app:1");
      CHECK(machine.must({"images", "-q", "app:1"}) == digest);
      CHECK(machine.must({"run", "app:1"}) == "content");
    }
  }
}

TEST_CASE("archives: save writes several images into one, each with its names", "[e2e]") {
  if (!has_skopeo()) return;
  Machine machine;
  prepare(machine);
  REQUIRE(machine.build("app:1", kDockerfile).code == 0);
  REQUIRE(machine.build("other:1", "FROM app:1\nRUN echo more > /more\n").code == 0);
  machine.must({"tag", "app:1", "app:2"});
  const auto list = [&](const std::string& store) {
    return machine.must({"images", "--root", store, "-q", "app:1"}) +
           machine.must({"images", "--root", store, "-q", "app:2"}) +
           machine.must({"images", "--root", store, "-q", "other:1"});
  };
  const auto archive = machine.path("home/all.tar");
  for (const std::string format : {"oci", "docker"}) {
    CAPTURE(format);
    const auto store = machine.path("home/" + format);
    machine.must({"save", "--format", format, "-o", archive, "app:1", "other:1", "app:2"});
    CHECK_THAT(machine.must({"load", "--root", store, "-i", archive}),
               Catch::Contains("app:1") && Catch::Contains("app:2") && Catch::Contains("other:1"));
    CHECK(list(store) == list(machine.store()));
    CHECK(machine.must({"run", "--root", store, "other:1", "/more"}) == "more");
  }
  // That of docker, which was written last.
  const auto config_of = [&](const std::string& name) {
    return machine.must_run(
        {"skopeo", "inspect", "--config", "docker-archive:" + archive + ":" + name});
  };
  CHECK(config_of("app:1") == config_of("app:2"));
  CHECK_THAT(config_of("other:1"), Catch::Contains("echo more"));
  const auto missing = machine.ibuild({"save", "-o", archive, "app:1", "none:1"});
  CHECK(missing.code != 0);
  CHECK_THAT(missing.err, Catch::Contains("none:1"));
}

TEST_CASE("archives: skopeo and buildah read what save writes", "[e2e]") {
  if (!has_skopeo() || !has_buildah()) return;
  Machine machine;
  prepare(machine);
  REQUIRE(machine.build("app:1", kDockerfile).code == 0);
  machine.must({"save", "-o", machine.path("home/docker.tar"), "app:1"});
  machine.must({"save", "--format", "oci", "-o", machine.path("home/oci.tar"), "app:1"});
  for (const auto& archive :
       std::vector<std::string>{"docker-archive:" + machine.path("home/docker.tar"),
                                "oci-archive:" + machine.path("home/oci.tar")}) {
    CAPTURE(archive);
    CHECK_THAT(machine.must_run({"skopeo", "inspect", archive}), Catch::Contains("\"A=1\""));
    const auto container = machine.must_run(buildah(machine, {"from", archive}));
    CHECK(machine.must_run(buildah(machine, {"run", "--isolation", "chroot", container, "--", "cat",
                                             "/dir/hard"})) == "content");
  }
}

TEST_CASE("archives: load reads what skopeo and buildah write", "[e2e]") {
  if (!has_skopeo() || !has_buildah()) return;
  Machine machine;
  prepare(machine);
  REQUIRE(machine.build("app:1", kDockerfile).code == 0);
  machine.must({"save", "--format", "oci", "-o", machine.path("home/app.tar"), "app:1"});
  machine.must_run(
      {"skopeo", "copy", "-q", "oci-archive:" + machine.path("home/app.tar"),
       "docker-archive:" + machine.path("home/skopeo.tar") + ":docker.io/library/from-skopeo:1"});
  machine.must_run(buildah(machine, {"pull", "-q", "oci-archive:" + machine.path("home/app.tar")}));
  machine.must_run(
      buildah(machine, {"push", "-q", "docker.io/library/app:1",
                        "docker-archive:" + machine.path("home/buildah.tar") + ":from-buildah:2"}));
  CHECK(machine.must({"load", "-i", machine.path("home/skopeo.tar")}) ==
        "Loaded image: from-skopeo:1");
  CHECK_THAT(machine.must({"load", "-i", machine.path("home/buildah.tar")}),
             Catch::Contains("Loaded image: from-buildah:2"));
  CHECK(machine.must({"run", "from-skopeo:1"}) == "content");
  CHECK(machine.must({"run", "from-buildah:2"}) == "content");
}

TEST_CASE("reproducible: one digest under SOURCE_DATE_EPOCH, whoever builds", "[e2e]") {
  std::string expected;
  for (const Who who : everybody()) {
    for (int round = 0; round < 2; ++round) {
      Machine machine(who);
      machine.must_run({"cp", "/bin/busybox", machine.path("context/busybox")});
      machine.write("context/f", std::to_string(7));
      const auto built =
          machine.build("app:1",
                        "FROM scratch\nCOPY busybox /bin/busybox\n"
                        "RUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\nENV PATH=/bin\n"
                        "COPY f /dir/\nRUN mkdir /new && date > /dev/null && echo x > /new/file && "
                        "chown 5:6 /new/file\n",
                        {"-q"}, {.env = {"SOURCE_DATE_EPOCH=1700000000"}});
      INFO(name_of(who) << built.err);
      REQUIRE(built.code == 0);
      if (expected.empty()) expected = built.out;
      CHECK(built.out == expected);
    }
  }
}

TEST_CASE("outputs: a squashed image has one layer with the files that count", "[e2e]") {
  if (!has_skopeo()) return;
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      prepare(machine);
      const auto built =
          machine.build("app:1", kDockerfile + "RUN rm -r /dir/soft\n",
                        {"--squash", "-o", "type=oci,dest=" + machine.path("home/app.tar"), "-o",
                         "type=oci,squash=false,dest=" + machine.path("home/layers.tar")});
      INFO(built.err);
      REQUIRE(built.code == 0);
      const auto layers_of = [&](const std::string& file) {
        const auto text = machine.must_run(
            {"skopeo", "inspect", "--format", "{{len .Layers}}", "oci-archive:" + file});
        return text.substr(0, text.find('\n'));
      };
      CHECK(layers_of(machine.path("home/app.tar")) == "1");
      CHECK(layers_of(machine.path("home/layers.tar")) != "1");
      // A copy reads every blob and checks it; the layer's names tell what is in it.
      const auto dir = machine.path("home/dir");
      machine.must_run(
          {"skopeo", "copy", "-q", "oci-archive:" + machine.path("home/app.tar"), "dir:" + dir});
      const auto blob = machine.must_run({"sh", "-c",
                                          "cd '" + dir +
                                              "' && for f in *; do tar -tvzf $f 2>/dev/null; done; "
                                              "true"});
      CHECK_THAT(blob, Catch::Contains("-rwsr-xr-x") && Catch::Contains("dir/hard") &&
                           Catch::Contains("dir/pipe") && !Catch::Contains("dir/soft") &&
                           !Catch::Contains(".wh."));
    }
  }
}

TEST_CASE("outputs: files that cannot be written are told before anything is done", "[e2e]") {
  Machine machine;
  machine.write("context/f", "data");
  const std::string dockerfile = "FROM scratch\nCOPY f /\n";
  REQUIRE(machine.build("app:1", dockerfile).code == 0);
  const auto check = [](const Output& refused, const std::string& option) {
    INFO(option);
    CHECK(refused.code == 2);
    CHECK_THAT(refused.err, Catch::Contains("ERROR: " + option) &&
                                Catch::Contains("no such file or directory") &&
                                !Catch::Contains("load build definition"));
  };
  for (const std::string option : {"--iidfile", "--iidfile-raw", "--metadata-file"})
    check(machine.build("app:1", dockerfile, {option, "none/file"}), option);
  check(machine.build("app:1", dockerfile, {"-o", "type=tar,dest=none/x.tar"}),
        "--output type=tar,dest");
  check(machine.build("app:1", dockerfile, {"--write-lock", "--lock-file", "none/lock"}),
        "--lock-file");
  check(machine.ibuild({"save", "-o", "none/x.tar", "app:1"}), "--output");
  check(machine.ibuild({"push", "--digestfile", "none/d", "app:1", "127.0.0.1:1/app:1"}),
        "--digestfile");
  CHECK_THAT(machine.build("app:1", dockerfile, {"--iidfile", "context"}).err,
             Catch::Contains("--iidfile context is a directory"));
}

TEST_CASE("outputs: a build that fails leaves no id of the one before", "[e2e]") {
  Machine machine;
  machine.write("id", "old");
  machine.write("raw", "old");
  const std::vector<std::string> files = {"--iidfile", machine.path("id"), "--iidfile-raw",
                                          machine.path("raw")};
  CHECK(machine.build("app:1", "FROM scratch\nCOPY missing /\n", files).code == 1);
  CHECK_FALSE(machine.exists("id"));
  CHECK_FALSE(machine.exists("raw"));
}

TEST_CASE("outputs: files beside an output that makes their directory, and on /dev/stdout",
          "[e2e]") {
  Machine machine;
  machine.write("context/f", "data");
  const auto built = machine.build("app:1", "FROM scratch\nCOPY f /\n",
                                   {"-o", "made/here", "--metadata-file", "made/here/meta.json"});
  INFO(built.err);
  CHECK(built.code == 0);
  CHECK(machine.exists("made/here/meta.json"));
  CHECK_THAT(machine.build("app:1", "FROM scratch\nCOPY f /\n", {"--iidfile", "/dev/stdout"}).out,
             Catch::StartsWith("sha256:"));
}

TEST_CASE("outputs: nothing is pushed offline", "[e2e]") {
  Machine machine;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--push"},
        {"-o", "type=registry"},
        {"--cache-to", "type=registry,ref=127.0.0.1:1/app:cache"}}) {
    auto args = words;
    args.emplace_back("--offline");
    const auto refused = machine.build("127.0.0.1:1/app:1", "FROM scratch\nCOPY . /\n", args);
    CHECK(refused.code == 2);
    CHECK_THAT(refused.err, Catch::Contains("--offline and ") && !Catch::Contains("COPY"));
  }
}
