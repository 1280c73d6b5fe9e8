#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <sstream>

#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

// The last layer stands in its blob alone: nothing unpacks it.
const std::string kDockerfile =
    "FROM localhost/base:1\nCOPY . /data\nRUN md5sum /data/* > /sum\nWORKDIR /w\n"
    "RUN cp /sum copy\nCOPY a /last\n";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

enum class Damage { flip, cut, zeros };

/// A store with an image in it, of which each round damages a copy.
struct HostileStore {
  Machine machine;
  std::vector<std::string> files;  // of the store; not those that are the image's unpacked files

  HostileStore() {
    machine.make_base();
    for (const char name : std::string("abc"))
      machine.write(std::string("context/") + name, std::string(5000, name));
    REQUIRE(machine.build("app:1", kDockerfile).code == 0);
    machine.must_run({"cp", "-a", machine.store(), machine.path("pristine")});
    files = lines_of(machine.must_run(
        {"sh", "-c",
         "cd pristine && find index.json oci-layout blobs cache layers/*/* -maxdepth 3 -type f "
         "-size +0 | grep -v /tree | sort"}));
    REQUIRE(files.size() > 10);
  }

  void damage(const std::string& name, Damage kind, std::mt19937& random) {
    machine.must_run({"sh", "-c", "rm -rf store && cp -a pristine store"});
    auto bytes = machine.read("store/" + name);
    if (kind == Damage::cut) bytes.resize(random() % bytes.size());
    if (kind == Damage::zeros) bytes.assign(bytes.size(), '\0');
    if (kind == Damage::flip) {
      auto& byte = bytes[random() % bytes.size()];
      byte = static_cast<char>(byte ^ (1 << random() % 8));
    }
    machine.write("store/" + name, bytes);
  }
};

bool is_clear_failure(const Output& output) {
  return output.code > 0 && output.code < 128 && count(output.err, "ERROR: ") > 0 &&
         count(output.err, "hint: ") > 0;
}

/// A build that succeeds at the latest when what its messages tell was done.
void build_until_right(Machine& machine, const std::string& damaged) {
  auto built = machine.build("app:2", kDockerfile);
  if (built.code == 0) return;
  UNSCOPED_INFO(built.err);
  CHECK(is_clear_failure(built));
  built = machine.build("app:2", kDockerfile);
  if (built.code == 0) return;
  UNSCOPED_INFO(built.err);
  CHECK(is_clear_failure(built));
  if (damaged == "index.json" || damaged == "oci-layout") {
    CHECK_THAT(built.err, Catch::Contains("move that file away"));
    machine.must_run({"mv", machine.store() + "/" + damaged, machine.path("away")});
  }
  machine.make_base();
  built = machine.build("app:2", kDockerfile);
  UNSCOPED_INFO(built.err);
  REQUIRE(built.code == 0);
}

/// What leaves the store is checked: another store takes it whole, or it does not leave.
void save_until_right(Machine& machine, const std::string& damaged) {
  const auto archive = machine.path("app.tar");
  auto saved = machine.ibuild({"save", "-o", archive, "app:2"});
  if (saved.code != 0) {
    UNSCOPED_INFO(saved.err);
    CHECK(is_clear_failure(saved));
    build_until_right(machine, damaged);
    saved = machine.ibuild({"save", "-o", archive, "app:2"});
  }
  UNSCOPED_INFO(saved.err);
  REQUIRE(saved.code == 0);
  const auto other = machine.path("other");
  machine.must_run({"rm", "-rf", other});
  machine.must({"load", "--root", other, "-i", archive});
  machine.must({"run", "--root", other, "app:2", "sh", "-c",
                "md5sum /data/* | cmp - /w/copy && cmp /data/a /last"});
}

/// A store with two images in it, of which each round changes a copy.
struct TwoImages {
  static constexpr const char* kKinds[] = {"layers/*/index",
                                           "layers/*/tar",
                                           "layers/*/tree*[!t]",
                                           "layers/*/tree*.boot",
                                           "layers/*/blob-*",
                                           "cache/steps/[0-9a-f]*/*[!y]",
                                           "cache/steps/[0-9a-f]*/*.why"};
  Machine machine;
  std::string wanted_a;
  std::string wanted_b;

  TwoImages() {
    machine.make_base();
    machine.write("context/a", std::string(5000, 'a'));
    machine.write("context/b", std::string(6000, 'b'));
    must_build("a");
    must_build("b");
    for (const std::string name : {"app:a", "app:b"})
      machine.must({"save", "-o", machine.path("saved.tar"), name});  // makes its blobs
    machine.must_run({"cp", "-a", machine.store(), machine.path("pristine")});
    wanted_a = content_of("a");
    wanted_b = content_of("b");
  }

  Output build(const std::string& name) {
    return machine.build("app:" + name, "FROM localhost/base:1\nCOPY " + name +
                                            " /data/\nRUN md5sum /data/* > /sum-" + name +
                                            "\nRUN cp /sum-" + name + " /copy-" + name + "\n");
  }

  void must_build(const std::string& name) {
    const auto built = build(name);
    UNSCOPED_INFO(built.err);
    REQUIRE(built.code == 0);
  }

  /// Read from unpacked trees, and from indexes and tars.
  std::string content_of(const std::string& name) {
    const auto copied = machine.build(
        "copy:" + name, "FROM app:" + name + " AS app\nFROM localhost/base:1\nCOPY --from=app " +
                            "/data /sum-* /copy-* /\n");
    UNSCOPED_INFO(copied.err);
    REQUIRE(copied.code == 0);
    const std::string list = "find / -xdev -type f ! -path '/proc/*' | sort | xargs md5sum";
    return machine.must({"run", "app:" + name, "sh", "-c", list}) +
           machine.must({"run", "copy:" + name, "sh", "-c", list});
  }

  void change_store(const std::string& script) {
    machine.must_run({"sh", "-c", "rm -rf store && cp -a pristine store"});
    machine.must_run({"sh", "-ec", "cd store; " + script});
  }

  /// `put`: makes $1, which is the first of the kind.
  void put_in_place_of(const std::string& kind, const std::string& put) {
    std::string script = "set -- " + kind;
    script += "; rm -rf $1; " + put;
    change_store(script);
  }

  void check() {
    must_build("b");
    must_build("a");
    CHECK(content_of("b") == wanted_b);
    CHECK(content_of("a") == wanted_a);
  }
};

}  // namespace

TEST_CASE(
    "robustness: damaged files of a store give the right image, at the latest when asked again",
    "[e2e]") {
  HostileStore hostile;
  auto& machine = hostile.machine;
  std::mt19937 random(11);
  constexpr int kRounds = 24;
  std::ranges::shuffle(hostile.files, random);
  for (int round = 0; round < kRounds; ++round) {
    const auto& file = hostile.files[static_cast<std::size_t>(round) % hostile.files.size()];
    const auto kind = static_cast<Damage>(round % 3);
    hostile.damage(file, kind, random);
    INFO(file << ", damage " << static_cast<int>(kind));
    build_until_right(machine, file);
    const auto shown = machine.ibuild(
        {"run", "app:2", "sh", "-c", "md5sum /data/* | cmp - /w/copy && cmp /data/a /last"});
    INFO(shown.err);
    CHECK((shown.code == 0 || is_clear_failure(shown)));
    save_until_right(machine, file);
  }
}

TEST_CASE("robustness: sound files of a store in each other's place give the right images",
          "[e2e]") {
  TwoImages images;
  for (const std::string kind : TwoImages::kKinds) {
    INFO(kind);
    images.change_store("set -- " + kind +
                        "; test $# -ge 2; mv $1 moved; last=$1; shift; "
                        "for file; do mv $file $last; last=$file; done; mv moved $last");
    images.check();
  }
}

TEST_CASE("robustness: what is no file in a file's place is replaced, or told what to do about",
          "[e2e]") {
  TwoImages images;
  for (const std::string put : {"mkdir -p $1/full", "mkfifo $1", "ln -s /etc/passwd $1"}) {
    for (const std::string kind : TwoImages::kKinds) {
      INFO(kind << ": " << put);
      images.put_in_place_of(kind, put);
      images.check();
      images.machine.must({"du"});
    }
    for (const std::string file : {"index.json", "ibuild-format", "locks/blobs-in-use"}) {
      if (file.starts_with("locks") && put.starts_with("mkfifo")) continue;  // locks as well
      INFO(file << ": " << put);
      images.put_in_place_of(file, put);
      CHECK(is_clear_failure(images.build("a")));
    }
  }
}

TEST_CASE("robustness: a blob that a registry refuses is named, and made again", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  HostileStore hostile;
  auto& machine = hostile.machine;
  const auto name = server.host() + "/app:1";
  machine.must_run({"sh", "-c",
                    "for blob in store/blobs/sha256/*; do\n"
                    "head -c1 $blob | grep -q '{' && continue\n"  // manifests and configs
                    "printf x | dd of=$blob bs=1 seek=20 conv=notrunc status=none\n"
                    "done"});
  int failures = 0;
  for (; failures < 20; ++failures) {
    const auto pushed = machine.build(name, kDockerfile, {"--push"});
    if (pushed.code == 0) break;
    INFO(pushed.err);
    CHECK(is_clear_failure(pushed));
    CHECK_THAT(pushed.err, Catch::Contains("in the store is damaged"));
    if (count(pushed.err, "it has been removed") == 0) machine.make_base();
  }
  CHECK(failures > 0);
  CHECK(failures < 20);
  machine.must({"pull", "--root", machine.path("other"), name});
  machine.must({"run", "--root", machine.path("other"), name, "cmp", "/data/a", "/last"});
}

TEST_CASE("robustness: what was damaged of a base is fetched again", "[e2e]") {
  if (!has_registry()) return;
  const RegistryServer server;
  Machine machine;
  const auto base = server.host() + "/base:1";
  push_image(machine, base, std::string(5000, 'x'));
  machine.must_run({"rm", "-rf", machine.store()});
  const auto dockerfile = "FROM " + base + " AS base\nFROM scratch\nCOPY --from=base /f /g\n";
  machine.write("context/unused", "");
  REQUIRE(machine.build("app:1", dockerfile).code == 0);
  machine.must({"pull", base});
  const auto damage = [&] {
    machine.must_run(
        {"sh", "-c",
         "rm -rf store/layers store/cache/steps\nfor blob in store/blobs/sha256/*; do\n"
         "printf x | dd of=$blob bs=1 seek=20 conv=notrunc status=none\ndone"});
  };
  damage();
  const auto built = machine.build("app:2", dockerfile);
  INFO(built.err);
  CHECK(built.code == 0);
  damage();
  machine.must_run({"sh", "-c", "for blob in store/blobs/sha256/*; do truncate -s 10 $blob; done"});
  machine.must({"pull", base});
  CHECK(machine.build("app:3", dockerfile).code == 0);
}
