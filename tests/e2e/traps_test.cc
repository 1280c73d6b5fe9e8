// Traps on which builders differ and that only real steps can show.
#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

/// What `tar -t` says of the last `count` layers of the image that was built last, one text each.
std::vector<std::string> last_layers(const Machine& machine, std::size_t count) {
  const std::string list = machine.must_run(
      {"sh", "-c",
       "rm -rf oci && mkdir oci && tar -xf home/app.tar -C oci && cd oci && "
       "manifest=$(sed 's/.*\"digest\":\"sha256:\\([0-9a-f]*\\).*/\\1/' index.json) && "
       "for blob in $(tr ',' '\\n' < blobs/sha256/$manifest | "
       "sed -n '/\"layers\"/,$s/.*\"digest\":\"sha256:\\([0-9a-f]*\\).*/\\1/p'); do "
       "tar -tzf blobs/sha256/$blob | tr '\\n' ' '; echo; done"});
  std::vector<std::string> layers;
  std::string line;
  for (const char c : list + "\n") {
    if (c != '\n') {
      line += c;
    } else {
      layers.push_back(line);
      line.clear();
    }
  }
  REQUIRE(layers.size() > count);  // the base has some as well
  layers.erase(layers.begin(), layers.end() - static_cast<std::ptrdiff_t>(count));
  return layers;
}

/// Builds on localhost/base:1 and leaves an archive for last_layers().
void build(Machine& machine, const std::string& steps) {
  const auto built =
      machine.build("app:1", "FROM localhost/base:1\n" + steps,
                    {"-o", "type=oci,dest=" + machine.path("home/app.tar"), "-o", "type=image"});
  INFO(built.err);
  REQUIRE(built.code == 0);
}

std::string in_image(const Machine& machine, const std::string& command) {
  return machine.must({"run", "app:1", "sh", "-c", command});
}

}  // namespace

TEST_CASE("traps: stubs of mounts go, what stands at their place stays", "[e2e]") {
  Machine machine;
  machine.make_base();
  machine.write("context/f", "x");
  build(machine,
        "RUN mkdir -p /there && touch -d @1000000000 /there\n"
        "RUN --mount=type=tmpfs,target=/there --mount=type=cache,target=/made/deep "
        "--mount=source=f,target=/etc/not-there touch /there/x /made/deep/y\n"
        "RUN --mount=type=cache,target=/made/deep ls /made/deep > /saw\n");
  CHECK(in_image(machine,
                 "cat /saw; stat -c %Y /there; ls /there | wc -l; ls -d /made "
                 "/etc/not-there 2>/dev/null | wc -l") == "y\n1000000000\n0\n0");
}

TEST_CASE("traps: a cache at a path leaves what the image has there", "[e2e]") {
  Machine machine;
  machine.make_base();
  build(machine,
        "RUN mkdir /c && echo before > /c/file\n"
        "RUN --mount=type=cache,target=/c ls /c | wc -l > /during && echo cached > /c/other\n"
        "RUN echo after > /c/after\n");
  CHECK(in_image(machine, "cat /during; ls /c") == "0\nafter\nfile");
}

TEST_CASE("traps: a required secret that is missing ends the build, others are not there",
          "[e2e]") {
  Machine machine;
  machine.make_base();
  build(
      machine,
      "RUN --mount=type=secret,id=no,target=/root/.x/token ls /root/.x 2>&1 | grep -c such > /n\n");
  CHECK(in_image(machine, "cat /n; ls -a /root 2>/dev/null | grep -c x || true") == "1\n0");
  const auto refused = machine.build(
      "app:1", "FROM localhost/base:1\nRUN --mount=type=secret,id=no,required true\n");
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Catch::Contains("no: not found"));
}

TEST_CASE(
    "traps: what leads to a secret is made for the step, and is only looked at where it is there",
    "[e2e]") {
  Machine machine;
  machine.make_base();
  machine.write("secret", "s");
  const auto built = machine.build(
      "app:1",
      "FROM localhost/base:1\n"
      "RUN mkdir -m 700 /have && touch -d @1000000000 /have\n"
      "RUN --mount=type=secret,id=s,target=/none/.x/token stat -c %a /none /none/.x > /made\n"
      "RUN --mount=type=secret,id=s,target=/have/token stat -c %a /have /have/token > /had\n",
      {"--secret", "id=s,src=" + machine.path("secret")});
  INFO(built.err);
  REQUIRE(built.code == 0);
  CHECK(in_image(machine, "cat /made /had; ls -d /none 2>/dev/null; ls /have; stat -c %Y /have") ==
        "755\n755\n700\n400\n1000000000");
}

TEST_CASE("traps: layers: a directory that was made anew hides what it held", "[e2e]") {
  Machine machine;
  machine.make_base();
  build(machine,
        "RUN mkdir /d && touch /d/old /d/older\n"
        "RUN rm -r /d && mkdir /d && touch /d/new\n");
  CHECK(in_image(machine, "ls /d") == "new");
  CHECK_THAT(last_layers(machine, 1)[0], Catch::Contains("d/.wh.old ") &&
                                             Catch::Contains("d/.wh.older ") &&
                                             Catch::Contains("d/new "));
}

TEST_CASE("traps: layers: directories, files and links take each other's place", "[e2e]") {
  Machine machine;
  machine.make_base();
  build(machine,
        "RUN mkdir -p /dir/in /target && touch /dir/in/x /file && ln -s /target /link\n"
        "RUN rm -r /dir /file /link && ln -s /target /dir && mkdir /file && mkdir /link\n"
        "RUN touch /dir/through /file/in /link/in\n");
  CHECK(in_image(machine, "readlink /dir; ls /target /file /link") ==
        "/target\n/file:\nin\n\n/link:\nin\n\n/target:\nthrough");
}

TEST_CASE("traps: layers: one mode or one time is one entry; nothing is an empty layer", "[e2e]") {
  Machine machine;
  machine.make_base();
  build(machine,
        "RUN mkdir /d && touch -d @1000000000 /d/a /d/b /d/c && ln /d/a /d/hard\n"
        "RUN chmod 600 /d/b\n"
        "RUN touch -d @1100000000 /d/c\n"
        "RUN cat /d/a && cp /d/b /d/b2 && rm /d/b2 && touch -d @1000000000 /d/a\n"
        "RUN chmod 640 /d/a\n"
        "RUN true\n");
  const auto layers = last_layers(machine, 5);
  CHECK(layers[0] == "d/ d/b ");
  CHECK(layers[1] == "d/ d/c ");
  // Of two names of one file that lies below, the one that was touched came up as a file.
  CHECK_THAT(layers[3], Catch::Contains("d/a "));
  CHECK(layers[4].empty());
  CHECK(in_image(machine, "stat -c %a /d/b; stat -c %Y /d/c; stat -c %a /d/a") ==
        "600\n1100000000\n640");
}

TEST_CASE("traps: layers: long names, bytes that are no text, sparse files", "[e2e]") {
  Machine machine;
  machine.make_base();
  build(machine,
        "RUN n=$(printf 'n%.0s' $(seq 200)) && mkdir -p /$n/$n && echo x > /$n/$n/$n && "
        "printf x > \"/$(printf 'a\\377b')\" && truncate -s 3000000 /sparse\n");
  CHECK(in_image(machine,
                 "n=$(printf 'n%.0s' $(seq 200)); cat /$n/$n/$n; "
                 "cat \"/$(printf 'a\\377b')\"; echo; stat -c %s /sparse") == "x\nx\n3000000");
}

TEST_CASE("traps: ADD unpacks sparse files of an archive whole", "[e2e]") {
  Machine machine;
  machine.make_base();
  machine.must_run(
      {"sh", "-c",
       "mkdir in && printf head > in/disk.img && truncate -s 2M in/disk.img && "
       "printf tail >> in/disk.img && for kind in gnu 'pax --sparse-version=0.0' "
       "'pax --sparse-version=0.1' 'pax --sparse-version=1.0'; do "
       "tar -C in -S --format=$kind -cf context/\"$(echo $kind | tr -d '= ')\".tar . || "
       "exit 1; done; test $(cat context/*.tar | wc -c) -lt 200000"});
  build(machine,
        "ADD gnu.tar /1/\nADD pax--sparse-version0.0.tar /2/\n"
        "ADD pax--sparse-version0.1.tar /3/\nADD pax--sparse-version1.0.tar /4/\n");
  CHECK(in_image(machine,
                 "for i in 1 2 3 4; do ls /$i; stat -c %s /$i/disk.img; head -c4 /$i/disk.img; "
                 "tail -c4 /$i/disk.img; echo; cmp /1/disk.img /$i/disk.img; done") ==
        "disk.img\n2097156\nheadtail\ndisk.img\n2097156\nheadtail\n"
        "disk.img\n2097156\nheadtail\ndisk.img\n2097156\nheadtail");
}

TEST_CASE("traps: users: unknown numbers, groups, and whom a group drops", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.make_base();
      build(machine,
            "RUN mkdir -m 777 /o && echo 'more:x:77:alice' >> /etc/group\n"
            "USER 1234\nRUN echo $(id -u) $(id -g) $HOME > /o/number\n"
            "USER alice\nRUN id -G > /o/alice\n"
            "USER alice:staff\nRUN id -G > /o/group\n"
            "USER 0:0\nRUN id -u > /o/root\n");
      CHECK(in_image(machine, "cat /o/number; wc -w < /o/group; cat /o/root") == "1234 0 /\n1\n0");
      CHECK_THAT(in_image(machine, "cat /o/alice"), Catch::Contains("77"));
    }
  }
}

TEST_CASE("traps: a VOLUME keeps what steps write below it", "[e2e]") {
  Machine machine;
  machine.make_base();
  build(machine, "RUN mkdir /v\nVOLUME /v\nRUN echo kept > /v/file\n");
  CHECK_THAT(last_layers(machine, 1)[0], Catch::Contains("v/file "));
}
