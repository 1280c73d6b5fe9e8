#include <catch2/catch.hpp>
#include <random>
#include <sstream>

#include "tests/e2e/support/machine.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

const std::string kDockerfile =
    "FROM localhost/base:1\nCOPY . /data\nRUN md5sum /data/* > /sum\nWORKDIR /w\n"
    "RUN cp /sum copy\n";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// A store with an image in it, of which each round damages a copy.
struct HostileStore {
  Machine machine;
  std::string digest;
  std::vector<std::string> files;  // of the store; not those that are the image's unpacked files

  HostileStore() {
    machine.make_base();
    for (const char name : std::string("abc"))
      machine.write(std::string("context/") + name, std::string(5000, name));
    REQUIRE(machine.build("app:1", kDockerfile).code == 0);
    digest = machine.must({"images", "-q", "app:1"});
    machine.must_run({"cp", "-a", machine.store(), machine.path("pristine")});
    files = lines_of(machine.must_run(
        {"sh", "-c",
         "cd pristine && find index.json oci-layout blobs cache layers/*/* -maxdepth 3 -type f "
         "-size +0 | grep -v /tree | sort"}));
    REQUIRE(files.size() > 10);
  }

  void damage(const std::string& name, std::mt19937& random) {
    machine.must_run({"sh", "-c", "rm -rf store && cp -a pristine store"});
    auto bytes = machine.read("store/" + name);
    if (random() % 2 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      auto& byte = bytes[random() % bytes.size()];
      byte = static_cast<char>(byte ^ (1 << random() % 8));
    }
    machine.write("store/" + name, bytes);
  }
};

bool is_clear_failure(const Output& output) {
  return output.code > 0 && output.code < 128 && count(output.err, "ERROR: ") > 0;
}

}  // namespace

TEST_CASE("robustness: damaged files of a store give the right image or a clear error", "[e2e]") {
  HostileStore hostile;
  auto& machine = hostile.machine;
  std::mt19937 random(11);
  constexpr int kRounds = 16;
  int right = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto& file = hostile.files[random() % hostile.files.size()];
    hostile.damage(file, random);
    INFO("round " << round << ", " << file);
    const auto built = machine.build("app:2", kDockerfile);
    INFO(built.err);
    if (built.code != 0) {
      CHECK(is_clear_failure(built));
      continue;
    }
    ++right;
    const auto shown =
        machine.ibuild({"run", "app:2", "sh", "-c", "md5sum /data/* | cmp - /w/copy"});
    CHECK((shown.code == 0 || is_clear_failure(shown)));
    // What leaves the store is checked: another store takes it whole, or it does not leave.
    const auto saved = machine.ibuild({"save", "-o", machine.path("app.tar"), "app:2"});
    if (saved.code == 0) {
      const auto other = machine.path("other");
      machine.must_run({"rm", "-rf", other});
      const auto loaded = machine.ibuild({"load", "--root", other, "-i", machine.path("app.tar")});
      INFO(loaded.err);
      CHECK(loaded.code == 0);
    } else {
      INFO(saved.err);
      CHECK(is_clear_failure(saved));
    }
  }
  CHECK(right > kRounds / 2);
}
