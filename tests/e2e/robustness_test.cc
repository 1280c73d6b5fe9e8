#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "tests/e2e/support/machine.h"
#include "tests/support/must_run.h"
#include "tests/support/registry_server.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

const std::string kDockerfile =
    "FROM localhost/base:1\nCOPY . /data\nRUN cat /data/* | md5sum > /sum; i=0; while [ $i -lt 200 "
    "]; do echo $i > /n$i; i=$((i+1)); done\n"
    "RUN cp -r /data /copy\nCOPY f1 /last\nCMD [\"cat\", \"/last\"]\n";

void prepare(Machine& machine) {
  machine.make_base();
  std::mt19937 random(7);
  for (int i = 1; i <= 20; ++i) {
    std::string bytes(200000, '\0');
    for (auto& c : bytes) c = static_cast<char>('a' + random() % 26);
    machine.write("context/f" + std::to_string(i), bytes);
  }
}

bool wait_for(const Machine& machine, const std::string& file, const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < deadline) {
    if (machine.exists(file) && machine.read(file).find(text) != std::string::npos) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace

TEST_CASE("robustness: killed at any instant, the next build just works", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      prepare(machine);
      machine.write("Dockerfile", kDockerfile);
      const std::vector<std::string> args = {
          "build", "--no-cache",           "-f", machine.path("Dockerfile"), "-t",
          "app:1", machine.path("context")};
      const auto begin = std::chrono::steady_clock::now();
      machine.must(args);
      const auto whole = std::chrono::steady_clock::now() - begin;
      const auto digest_of_files =
          machine.must({"run", "app:1", "sh", "-c", "cat /sum; cat /copy/* | md5sum"});
      constexpr int kInstants = 12;
      for (int i = 0; i < kInstants; ++i) {
        auto child = machine.start(args);
        if (!child.wait_for(
                std::chrono::duration_cast<std::chrono::milliseconds>(whole * i / kInstants))) {
          child.send_signal(SIGKILL);
          child.wait();
        }
        CHECK(machine.processes_left().empty());
      }
      machine.must(args);
      CHECK(machine.must({"run", "app:1", "sh", "-c", "cat /sum; cat /copy/* | md5sum"}) ==
            digest_of_files);
      machine.must({"save", "-o", machine.path("home/app.tar"), "app:1"});
      CHECK(machine.mounts_left().empty());
      CHECK(base::list_dir(base::DirFd::open(machine.store() + "/tmp")).empty());
    }
  }
}

TEST_CASE("robustness: Ctrl-C ends the step's whole tree and says so", "[e2e]") {
  for (const Who who : everybody()) {
    for (const int signal : {SIGINT, SIGTERM}) {
      DYNAMIC_SECTION(name_of(who) << ", signal " << signal) {
        Machine machine(who);
        machine.make_base();
        machine.write("Dockerfile",
                      "FROM localhost/base:1\nRUN (while :; do usleep 10000; done) & echo started; "
                      "while :; do usleep 10000; done\n");
        auto child =
            machine.start({"build", "-f", machine.path("Dockerfile"), machine.path("context")});
        REQUIRE(wait_for(machine, "err", "started"));
        child.send_signal(signal);
        const auto status = child.wait_for(std::chrono::seconds(20));
        REQUIRE(status);
        CHECK(status->code == 130);
        CHECK_THAT(machine.read("err"), Catch::Contains("CANCELED"));
        CHECK(machine.processes_left().empty());
        CHECK(machine.mounts_left().empty());
      }
    }
  }
}

TEST_CASE("robustness: a full disk fails the build with the reason, and the store stays good",
          "[e2e]") {
  if (!test::can_run("root", geteuid() == 0, "a small tmpfs has to be mounted")) return;
  Machine machine(Who::root);
  prepare(machine);
  machine.write("Dockerfile", kDockerfile);
  machine.write("fill.sh",
                "set -e\nmkdir -p small\nmount -t tmpfs -o size=9m tmpfs small\n"
                "export IBUILD_ROOT=$PWD/small\n"
                "\"$1\" load -q -i base.tar\n"
                "code=0; \"$1\" build -t app:1 -f Dockerfile context || code=$?\n"
                "echo code $code >&2\n"
                "mount -o remount,size=200m small\n"
                "\"$1\" build -q -t app:1 -f Dockerfile context\n"
                "\"$1\" run app:1 sh -c 'cat /copy/* | md5sum; cat /sum'\n");
  machine.must({"save", "-o", machine.path("base.tar"), "localhost/base:1"});
  const auto output =
      machine.run({"unshare", "--mount", "--propagation", "private", "sh", "fill.sh", binary()});
  INFO(output.err << output.out);
  CHECK(output.code == 0);
  CHECK_THAT(output.err, Catch::Contains("code 1") && Catch::Contains("no space left on device"));
}

TEST_CASE("robustness: noise is no Dockerfile", "[e2e]") {
  Machine machine;
  std::mt19937 random(1);
  for (int round = 0; round < 5; ++round) {
    std::string noise(10000, '\0');
    for (auto& c : noise) c = static_cast<char>(random());
    const auto failed = machine.build("app:1", noise);
    CHECK(failed.code == 1);
    CHECK_THAT(failed.err, Catch::Contains("ERROR:"));
    CHECK(failed.err.find('\x1b') == std::string::npos);
  }
  CHECK(machine.build("app:1", "").code == 1);
}

TEST_CASE("robustness: an archive cannot write outside the image", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.write("make.py",
                    "import tarfile, io, sys\n"
                    "t = tarfile.open(sys.argv[1], 'w')\n"
                    "def add(name, type=tarfile.REGTYPE, link='', data=b'evil'):\n"
                    "    i = tarfile.TarInfo(name); i.type = type; i.linkname = link\n"
                    "    i.size = len(data) if type == tarfile.REGTYPE else 0\n"
                    "    t.addfile(i, io.BytesIO(data) if i.size else None)\n"
                    "kind = sys.argv[2]\n"
                    "if kind == 'dots': add('../../../../../../../../../../' + sys.argv[3])\n"
                    "if kind == 'absolute': add(sys.argv[3])\n"
                    "if kind == 'link':\n"
                    "    add('out', tarfile.SYMTYPE, '/'); add('out' + sys.argv[3])\n"
                    "if kind == 'hard': add('h', tarfile.LNKTYPE, '../../../../../../etc/passwd')\n"
                    "t.close()\n");
      for (const auto& kind : std::vector<std::string>{"dots", "absolute", "link", "hard"}) {
        const auto target = machine.path("home/victim-" + kind);
        machine.must_run({"python3", "make.py", machine.path("context/evil.tar"), kind, target});
        const auto built =
            machine.build("app:1", "FROM scratch\nADD evil.tar /\n",
                          {"-o", "type=local,dest=" + machine.path("home/out-" + kind)});
        INFO(kind << ": " << built.err);
        CHECK_FALSE(machine.exists("home/victim-" + kind));
        CHECK((built.code == 0 || built.code == 1));
      }
    }
  }
}

TEST_CASE("robustness: a base with a hostile layer writes nothing outside", "[e2e]") {
  const auto why_not = test::RegistryServer::why_unavailable();
  if (!test::can_run("registry", why_not.empty(), why_not)) return;
  if (!test::can_run("peers", has_program("skopeo"), "skopeo is missing")) return;
  const test::RegistryServer server;
  Machine machine;
  machine.make_base();
  machine.write("make.py",
                "import tarfile, io, json, hashlib, os, sys\n"
                "os.makedirs('evil/blobs/sha256')\n"
                "def blob(b):\n"
                "    d = hashlib.sha256(b).hexdigest(); open('evil/blobs/sha256/' + d, "
                "'wb').write(b); return d\n"
                "o = io.BytesIO(); t = tarfile.open(fileobj=o, mode='w')\n"
                "i = tarfile.TarInfo('../../../../../../../..' + sys.argv[1]); i.size = 4; "
                "t.addfile(i, io.BytesIO(b'evil'))\n"
                "t.close(); layer = o.getvalue(); l = blob(layer)\n"
                "c = json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': "
                "{'type': 'layers', 'diff_ids': ['sha256:' + l]}}).encode()\n"
                "m = json.dumps({'schemaVersion': 2, 'mediaType': "
                "'application/vnd.oci.image.manifest.v1+json',\n"
                "  'config': {'mediaType': 'application/vnd.oci.image.config.v1+json', 'digest': "
                "'sha256:' + blob(c), 'size': len(c)},\n"
                "  'layers': [{'mediaType': 'application/vnd.oci.image.layer.v1.tar', 'digest': "
                "'sha256:' + l, 'size': len(layer)}]}).encode()\n"
                "x = json.dumps({'schemaVersion': 2, 'manifests': [{'mediaType': "
                "'application/vnd.oci.image.manifest.v1+json', 'digest': 'sha256:' + blob(m), "
                "'size': len(m)}]})\n"
                "open('evil/index.json', 'w').write(x); open('evil/oci-layout', "
                "'w').write('{\"imageLayoutVersion\": \"1.0.0\"}')\n");
  machine.must_run({"python3", "make.py", machine.path("home/victim")});
  const auto name = server.host() + "/evil:1";
  machine.must_run({"skopeo", "copy", "-q", "--dest-tls-verify=false",
                    "oci:" + machine.path("evil"), "docker://" + name});
  const auto built = machine.build(
      "app:1", "FROM " + name + "\nCOPY --from=localhost/base:1 /bin /bin\nRUN [\"/bin/true\"]\n");
  INFO(built.err);
  CHECK(built.code != 0);
  CHECK_FALSE(machine.exists("home/victim"));
}

TEST_CASE("robustness: a context that changes while it is read gives an error or a whole file",
          "[e2e]") {
  Machine machine;
  machine.make_base();
  const std::string a(3000000, 'a');
  const std::string b(3000000, 'b');
  for (int round = 0; round < 10; ++round) {
    machine.write("context/big", a);
    std::jthread writer([&](std::stop_token stop) {
      while (!stop.stop_requested()) {
        machine.write("context/big", b);
        machine.write("context/big", a.substr(0, 1000000));
      }
    });
    const auto built =
        machine.build("app:1", "FROM localhost/base:1\nCOPY big /big\n", {"--no-cache"});
    writer.request_stop();
    writer.join();
    INFO(built.err);
    if (built.code != 0) {
      CHECK_THAT(built.err, Catch::Contains("big"));
      continue;
    }
    const auto kinds = machine.must(
        {"run", "app:1", "sh", "-c", "wc -c < /big; tr -d '\\n' < /big | fold -w 1 | sort -u"},
        {.timeout = std::chrono::seconds(300)});
    CHECK((kinds == "3000000\na" || kinds == "3000000\nb" || kinds == "1000000\na"));
  }
}

TEST_CASE("robustness: two builds at once on one store", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      prepare(machine);
      machine.write("Dockerfile", kDockerfile);
      std::vector<base::Child> children;
      for (int i = 0; i < 3; ++i) {
        children.push_back(machine.start({"build", "-f", machine.path("Dockerfile"), "-t",
                                          "app:" + std::to_string(i), machine.path("context")}));
      }
      for (auto& child : children) CHECK(child.wait().success());
      for (int i = 0; i < 3; ++i) {
        CHECK(machine.must({"run", "app:" + std::to_string(i), "sh", "-c", "ls /copy | wc -l"}) ==
              "20");
      }
    }
  }
}

TEST_CASE("robustness: standard output that nobody reads is an error", "[e2e]") {
  if (!test::can_run("peers", access("/dev/full", W_OK) == 0, "/dev/full is missing")) return;
  Machine machine;
  machine.write("context/f", "x");
  REQUIRE(machine.build("app:1", "FROM scratch\nCOPY f /\n").code == 0);
  CHECK(machine.run({"sh", "-c", "\"$1\" images > /dev/full", "sh", binary()}).code == 1);
  CHECK(machine.run({"sh", "-c", "\"$1\" save app:1 > /dev/full", "sh", binary()}).code == 1);
}

TEST_CASE("robustness: builds that die beside others on one store harm nobody", "[e2e]") {
  Machine machine;
  prepare(machine);
  machine.write("Dockerfile", kDockerfile);
  const std::vector<std::string> args = {"build", "--no-cache", "-f", machine.path("Dockerfile"),
                                         machine.path("context")};
  std::mt19937 random(5);
  for (int round = 0; round < 3; ++round) {
    std::vector<base::Child> dying;
    for (int i = 0; i < 3; ++i) dying.push_back(machine.start(args));
    auto wanted = args;
    wanted.insert(wanted.end(), {"-t", "app:1"});
    auto survivor = machine.start(wanted);
    for (auto& child : dying) {
      if (child.wait_for(std::chrono::milliseconds(random() % 150))) continue;
      child.send_signal(SIGKILL);
      child.wait();
    }
    CHECK(survivor.wait().success());
    CHECK(machine
              .must({"run", "app:1", "sh", "-c",
                     "cat /data/* | md5sum | cmp - /sum; cat /copy/* | md5sum | cmp - /sum"})
              .empty());
  }
  CHECK(machine.processes_left().empty());
  CHECK(machine.mounts_left().empty());
}
