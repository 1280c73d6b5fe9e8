// Kernels and filters that lack what ibuild would like to use: another way is taken and the image
// is the same, or what is missing is named.
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/support/machine.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

constexpr const char* kSteps = R"(FROM scratch
COPY busybox /bin/busybox
ENV PATH=/bin
RUN ["/bin/busybox", "sh", "-c", "for name in cat chmod chown cp id ln mkdir mkfifo mv rm sh touch; do busybox ln -s busybox /bin/$name; done"]
RUN mkdir -p /etc /tmp /data && echo alice:x:1000:1000::/:/bin/sh > /etc/passwd && \
    echo one > /data/a && ln /data/a /data/b && ln -s a /data/l && chown 1000:50 /tmp /data/a
RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch --mount=target=/ctx \
    cat /ctx/in.txt > /cache/x && cp /cache/x /data/copied && touch /scratch/gone
COPY --chown=1000:50 in.txt /data/in.txt
RUN mv /data/in.txt /data/moved && rm /data/b
USER alice
WORKDIR /home/alice
RUN id > /tmp/mine
)";

constexpr const char* kErrors[] = {"ENOSYS", "EPERM"};
/// What steps in namespaces rest on.
constexpr const char* kNeeded[] = {"fsopen",     "fsconfig",      "fsmount", "open_tree",
                                   "move_mount", "mount_setattr", "statx",   "pidfd_open"};

std::vector<std::string> without(const std::string& error, const std::string& calls) {
  return {IBUILD_STEP_HELPER, "without", error, calls};
}

Output build(Machine& machine, const std::string& isolation,
             const std::vector<std::string>& around) {
  machine.must_run({"install", "-m", "755", "/bin/busybox", machine.path("context/busybox")});
  machine.must_run({"touch", "-d", "2020-01-01", machine.path("context/busybox")});
  machine.write("context/in.txt", "from the context\n");
  auto built = machine.build("app:1", kSteps, {"--isolation", isolation, "--progress", "quiet"},
                             {.env = {"SOURCE_DATE_EPOCH=1700000000"}, .around = around});
  CHECK(machine.processes_left().empty());
  CHECK(machine.mounts_left().empty());
  return built;
}

/// The digest of the image that a machine makes that lacks nothing.
std::string digest_of_steps() {
  Machine machine;
  const auto built = build(machine, "auto", {});
  INFO(built.err);
  REQUIRE(built.code == 0);
  return built.out;
}

std::vector<std::pair<Who, std::string>> places() {
  std::vector<std::pair<Who, std::string>> all;
  for (const Who who : everybody()) {
    all.emplace_back(who, who == Who::root ? "root" : "rootless");
    if (who == Who::root) all.emplace_back(who, "chroot");
  }
  return all;
}

/// Fails the test unless the build fails, and says so in words that have `name` in them.
void check_named(const Output& built, const std::string& name) {
  INFO(built.err);
  CHECK(built.code != 0);
  CHECK_THAT(built.err, Catch::Contains("ERROR: ") && Catch::Contains(name));
}

}  // namespace

TEST_CASE("poor kernel: what there is another way for makes no difference to the image", "[e2e]") {
  const std::string wanted = digest_of_steps();
  const std::string calls = "openat2,close_range,renameat2,copy_file_range,faccessat2,memfd_create";
  for (const auto& [who, isolation] : places()) {
    for (const std::string error : kErrors) {
      // After EPERM the C library does not look for another way.
      const std::string all = error == "ENOSYS" ? calls + ",clone3" : calls;
      INFO(name_of(who) << ", " << isolation << ", " << error);
      Machine machine(who);
      const auto built = build(machine, isolation, without(error, all));
      INFO(built.err);
      CHECK(built.code == 0);
      CHECK(built.out == wanted);
    }
  }
}

TEST_CASE("poor kernel: where root cannot make mounts, steps run in a changed root", "[e2e]") {
  const std::string wanted = digest_of_steps();
  for (const Who who : everybody()) {
    if (who != Who::root) continue;
    for (const std::string calls : {"fsopen,fsconfig,fsmount,open_tree,move_mount,mount_setattr",
                                    "mount_setattr", "statx", "userns", "unshare"}) {
      for (const std::string error : kErrors) {
        INFO(calls << ", " << error);
        Machine machine(who);
        const auto built = build(machine, "auto", without(error, calls));
        INFO(built.err);
        CHECK(built.code == 0);
        CHECK(built.out == wanted);
      }
    }
  }
}

TEST_CASE("poor kernel: what a profile cannot do without is named when it is asked for", "[e2e]") {
  for (const auto& [who, isolation] : places()) {
    if (isolation == "chroot") continue;
    for (const std::string name : kNeeded) {
      for (const std::string error : kErrors) {
        INFO(name_of(who) << ", " << isolation << ", " << name << ", " << error);
        Machine machine(who);
        const auto built = build(machine, isolation, without(error, name));
        CHECK(built.code == 2);
        check_named(built, name);
        CHECK_THAT(built.err, Catch::Contains("--isolation=" + isolation));
      }
    }
  }
}

TEST_CASE("poor kernel: doctor names what is missing", "[e2e]") {
  for (const Who who : everybody()) {
    INFO(name_of(who));
    Machine machine(who);
    const std::string row = who == Who::root ? "root " : "rootless ";
    const auto calls = without("ENOSYS", "fsopen,mount_setattr");
    const std::string text = machine.must({"doctor"}, {.around = calls});
    CHECK_THAT(line_after(text, "\n" + row),
               Catch::Contains(" no ") && Catch::Contains("(fsopen, mount_setattr)"));
  }
}

TEST_CASE("poor kernel: without user namespaces an ordinary user builds what has no RUN", "[e2e]") {
  for (const Who who : everybody()) {
    if (who == Who::root) continue;
    for (const std::string error : kErrors) {
      INFO(name_of(who) << ", " << error);
      Machine machine(who);
      machine.write("context/f", "x");
      const auto around = without(error, "userns");
      const auto copied =
          machine.build("app:1", "FROM scratch\nCOPY --chown=7:8 f /\n", {}, {.around = around});
      INFO(copied.err);
      CHECK(copied.code == 0);
      check_named(
          machine.build("app:2", "FROM scratch\nCOPY f /\nRUN [\"/f\"]\n", {}, {.around = around}),
          "make a user namespace");
    }
  }
}

TEST_CASE("poor kernel: where a filter ends who mounts, what has no RUN is built, else it is told",
          "[e2e]") {
  const auto around = without("SIGSYS", "mount,umount2,chroot,fsopen,pivot_root");
  for (const Who who : everybody()) {
    INFO(name_of(who));
    Machine machine(who);
    machine.write("context/f", "x");
    const auto copied = machine.build("app:1", "FROM scratch\nCOPY f /\n", {}, {.around = around});
    INFO(copied.err);
    CHECK(copied.code == 0);
    const auto run =
        machine.build("app:2", "FROM scratch\nCOPY f /\nRUN [\"/f\"]\n", {}, {.around = around});
    CHECK(run.code == 4);
    check_named(run, "use system calls (fsopen, pivot_root, mount, umount2, chroot)");
    const std::string text = machine.must({"doctor"}, {.around = around});
    const std::string row = who == Who::root ? "root " : "rootless ";
    CHECK_THAT(line_after(text, "\n" + row), Catch::Contains("who makes them is ended (SIGSYS)"));
    CHECK(machine.processes_left().empty());
  }
}

TEST_CASE("poor kernel: a filter that refuses set-user-ID bits is told of", "[e2e]") {
  const auto around = without("EPERM", "setuid");
  for (const Who who : everybody()) {
    INFO(name_of(who));
    Machine machine(who);
    machine.write("context/f", "x");
    REQUIRE(machine.build("base:1", "FROM scratch\nCOPY --chmod=4755 f /\n").code == 0);
    check_named(machine.build("app:1", "FROM base:1\nRUN [\"/f\"]\n", {}, {.around = around}),
                "RestrictSUIDSGID=yes");
    const std::string text = machine.must({"doctor"}, {.around = around});
    const std::string row = who == Who::root ? "root " : "rootless ";
    CHECK_THAT(line_after(text, "\n" + row), Catch::Contains("RestrictSUIDSGID=yes"));
  }
}

TEST_CASE("poor kernel: root of a user namespace alone makes itself a mount namespace", "[e2e]") {
  for (const Who who : everybody()) {
    INFO(name_of(who));
    Machine machine(who);
    const auto run = [&](const std::vector<std::string>& more) {
      std::vector<std::string> words = {"unshare", "--user", "--map-root-user", binary()};
      words.insert(words.end(), more.begin(), more.end());
      return machine.run(words);
    };
    machine.write("context/Dockerfile",
                  "FROM scratch\nCOPY busybox /\nRUN [\"/busybox\", \"true\"]\n");
    machine.must_run({"install", "-m", "755", "/bin/busybox", machine.path("context/busybox")});
    const auto built = run({"build", "--root", machine.store(), machine.path("context")});
    INFO(built.err);
    CHECK(built.code == 0);
    const auto doctor = run({"doctor", "--root", machine.store()});
    CHECK_THAT(line_after(doctor.out, "\nrootless "), Catch::Contains(" yes "));
    CHECK(machine.mounts_left().empty());
  }
}

TEST_CASE("poor kernel: root of a container that has no user namespaces changes root", "[e2e]") {
  const std::string wanted = digest_of_steps();
  for (const Who who : everybody()) {
    if (who != Who::root) continue;
    for (const std::string error : kErrors) {
      Machine machine(who);
      std::vector<std::string> around = {"setpriv", "--bounding-set", "-sys_admin", "--inh-caps",
                                         "-sys_admin"};
      for (const std::string& word : without(error, "userns")) around.push_back(word);
      const auto built = build(machine, "auto", around);
      INFO(error << built.err);
      CHECK(built.code == 0);
      CHECK(built.out == wanted);
    }
  }
}

TEST_CASE("poor kernel: in a chroot that is no mount, steps run in a changed root", "[e2e]") {
  const std::string wanted = digest_of_steps();
  // A directory with all that the machine's root has, and a mount itself only where `$2` says so.
  const std::string script = R"(
    root=$1 kind=$2; shift 2
    [ "$kind" = chroot ] || mount --bind "$root" "$root"
    cd "$root"
    for entry in /*; do
      if [ -L "$entry" ]; then cp -P "$entry" .; else mkdir ".$entry"; mount --rbind "$entry" ".$entry"; fi
    done
    exec chroot "$root" "$@")";
  for (const Who who : everybody()) {
    if (who != Who::root) continue;
    for (const std::string kind : {"chroot", "mounted"}) {
      Machine machine(who);
      machine.must_run({"mkdir", machine.path("root")});
      const std::vector<std::string> around = {
          "unshare", "-m", "--propagation",      "private", "sh", "-c",
          script,    "sh", machine.path("root"), kind};
      const auto built = build(machine, "auto", around);
      INFO(kind << built.err);
      CHECK(built.code == 0);
      CHECK(built.out == wanted);
      const auto row = line_after(machine.must({"doctor"}, {.around = around}), "\nroot ");
      CHECK((row.find(" yes ") != std::string::npos) == (kind == "mounted"));
      CHECK((row.find("mount --bind DIR DIR") != std::string::npos) == (kind == "chroot"));
    }
  }
}

TEST_CASE("poor kernel: a filter that answers EPERM to clone3 is told of", "[e2e]") {
  for (const Who who : everybody()) {
    INFO(name_of(who));
    Machine machine(who);
    check_named(build(machine, "auto", without("EPERM", "clone3")), "refuses clone3");
  }
}

TEST_CASE("poor kernel: without pidfd_open no step can be run, and that is said", "[e2e]") {
  for (const Who who : everybody()) {
    INFO(name_of(who));
    Machine machine(who);
    check_named(build(machine, "auto", without("ENOSYS", "pidfd_open")), "pidfd_open");
  }
}

TEST_CASE("poor kernel: no step runs without a filter", "[e2e]") {
  for (const auto& [who, isolation] : places()) {
    INFO(name_of(who) << ", " << isolation);
    Machine machine(who);
    check_named(build(machine, isolation, without("ENOSYS", "seccomp")), "seccomp");
  }
}

TEST_CASE("poor kernel: a keeper that cannot look at its step says so", "[e2e]") {
  for (const Who who : everybody()) {
    if (who != Who::single) continue;
    for (const std::string error : kErrors) {
      Machine machine(who);
      const auto around = without(error, "process_vm_readv");
      check_named(build(machine, "rootless", around), "process_vm_readv");
      const std::string text = machine.must({"doctor"}, {.around = around});
      CHECK_THAT(line_after(text, "\nrootless "), Catch::Contains("process_vm_readv"));
    }
  }
}

TEST_CASE("poor kernel: a store without locks is refused", "[e2e]") {
  Machine machine;
  check_named(build(machine, "auto", without("ENOSYS", "flock")), "lock a file in");
}
