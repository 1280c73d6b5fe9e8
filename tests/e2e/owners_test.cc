// Owners in the images of all who can build, and above all of a user with a single id, whose steps
// have a keeper (docs/adr/0008-recorded-owners.md).
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "tests/e2e/support/machine.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

constexpr const char* kEpoch = "SOURCE_DATE_EPOCH=1700000000";

void prepare(Machine& machine) {
  machine.make_base();
  machine.must({"build", "-q", "--no-cache", "-t", "localhost/base:1", machine.path("base")},
               {.env = {kEpoch}});
  machine.write("context/data/text", "some text\n");
  machine.must_run({"ln", "-s", "text", machine.path("context/data/link")});
  machine.must_run({"install", "-m", "755", IBUILD_STEP_HELPER, machine.path("context/helper")});
  machine.must_run({"touch", "-d", "2020-01-01", machine.path("context/helper")});
  machine.write("home/secret", "a-value-to-keep\n");
}

struct Builder {
  Who who;
  const char* isolation;
};

/// Everybody that is `wanted`, each in all profiles that he can have and `dockerfile` runs in.
std::vector<Builder> builders(const std::string& dockerfile,
                              const std::function<bool(Who)>& wanted) {
  // What these need a changed root has not: /proc, mounts that belong to others.
  const bool changes_root = dockerfile.find("tmpfile") == std::string::npos &&
                            dockerfile.find("--mount=") == std::string::npos;
  std::vector<Builder> all;
  for (const Who who : everybody()) {
    if (!wanted(who)) continue;
    all.push_back({who, who == Who::root ? "root" : "rootless"});
    if (who == Who::root && changes_root) all.push_back({who, "chroot"});
    if (who == Who::single) all.push_back({who, "shared-pids"});
  }
  return all;
}

/// Fails the test unless `dockerfile`, on localhost/base:1, gives the same digest in every profile,
/// for everybody that is `wanted`.
void check_all_same(
    const std::string& dockerfile, std::vector<std::string> args = {},
    const std::function<bool(Who)>& wanted = [](Who) { return true; }) {
  std::string first;
  args.insert(args.begin(), "-q");
  for (const auto& [who, isolation] : builders(dockerfile, wanted)) {
    Machine machine(who);
    prepare(machine);
    auto own_args = args;
    own_args.insert(own_args.end(), {"--isolation", isolation});
    for (auto& arg : own_args) {
      if (arg == "SECRET") arg = "id=s,src=" + machine.path("home/secret");
    }
    const auto built = machine.build("app:1", dockerfile, own_args, {.env = {kEpoch}});
    INFO(name_of(who) << ", " << isolation << "\n" << built.err);
    REQUIRE(built.code == 0);
    CHECK(machine.processes_left().empty());
    if (first.empty()) first = built.out;
    CHECK(built.out == first);
  }
}

}  // namespace

TEST_CASE("owners: files of others keep their owners through steps that write to them", "[e2e]") {
  check_all_same(
      "FROM localhost/base:1\n"
      "COPY --chown=1000:50 data /data\n"
      "RUN echo more >> /data/text && mkdir /data/sub && echo new > /data/sub/new\n"
      "RUN chmod 4755 /data/text && mv /data/text /moved && ln /moved /data/other\n"
      "RUN mv /data/link /data/renamed && ln /data/renamed /data/again\n"
      "RUN chown -h 7:8 /data/again\n");
}

TEST_CASE("owners: what steps give away, and what they make as others", "[e2e]") {
  check_all_same(
      "FROM localhost/base:1\n"
      "COPY helper /bin/\n"
      "RUN mkdir -m 2775 /g && chown 1000:50 /g && touch /g/a && mkdir /g/d && ln -s a /g/l && "
      "mkfifo /g/f && chown -h 7:8 /g/l && chown 9:9 /g/f && cp -a /g /copy && "
      "tar -c -f /g.tar g && mkdir /x && tar -x -f /g.tar -C /x && rm /g.tar\n"
      "RUN mkdir -m 777 /o && su alice -c 'echo mine > /o/su; mkdir /o/dir; ln -s x /o/link'\n"
      "USER alice\n"
      "WORKDIR /o/deep/er\n"
      "RUN id -u > /o/id; id -G >> /o/id; mkfifo fifo; for c in creat open openat openat2 "
      "openat2-beneath tmpfile; do helper make $c /o/$c; done\n"
      "USER root\n"
      "RUN helper own chown /o/open 5 6 && stat -c '%u:%g %a %n' /o/* /g/* /copy/* > /list\n"
      "RUN rm -r /g && mv /o/dir /dir && chown -R 12:13 /x && chmod -R g-s /x\n");
}

TEST_CASE("owners: links and fifos of lower layers keep theirs, whatever is done to them",
          "[e2e]") {
  // Those of two names show by themselves when their number is forgotten; others sooner or later.
  check_all_same(
      "FROM localhost/base:1\n"
      "COPY helper /bin/\n"
      "RUN mkdir /d && cd /d && echo x > f && for n in a b c d e g h i j; do ln -s f l$n && "
      "ln l$n k$n && chown -h 7:8 l$n && mkfifo p$n && ln p$n q$n && chown 9:10 p$n; done && "
      "ln -s pa to && ln -s f ours && mkfifo pours && ln -s /d/to far && "
      "for n in 1 2 3 4 5; do ln -s f s$n && mkfifo t$n && chown -h 5:6 s$n t$n; done\n"
      "RUN touch -h -d @1000000000 /d/la /d/s1 && stat -c %u:%g /d/la /d/ka /d/s1 > /list\n"
      "RUN chmod 600 /d/to /d/t1 && stat -c '%u:%g %a' /d/pa /d/t1 >> /list\n"
      "RUN touch -d @1000000000 /d/pb /d/t2 && stat -c %u:%g /d/pb /d/t2 >> /list\n"
      "RUN chown 1:2 /d/pc /d/t3 && chown -h 3:4 /d/lc /d/s3 && chown 5 /d/far\n"
      "RUN mv /d/ld /d/pd /tmp/ && mv /d/le /d/f2 && mv -f /d/lg /d/lh\n"
      "RUN ln /d/li /d/new && ln /d/pi /d/newp && rm /d/ki\n"
      "RUN helper exchange /d/lj /d/pj && helper exchange /d/f /d/s4\n"
      "RUN cp -a /d /copy && tar -c -f /x.tar d && mkdir /x && tar -x -f /x.tar -C /x && rm x.tar\n"
      "RUN chmod 640 /d/pours && touch -h -d @1000000000 /d/ours && chown 1:1 /d/pours && "
      "chown -h 2:2 /d/ours\n"
      "RUN helper own fchown-fifo /d/t5 11 12 && helper own fchownat-empty /d/t4 13 14 && "
      "stat -c %u:%g /d/t4 /d/t5 >> /list\n");
}

TEST_CASE("owners: file capabilities are kept", "[e2e]") {
  check_all_same(
      "FROM localhost/base:1\n"
      "COPY helper /bin/\n"
      "RUN cp /bin/helper /h && chown 5:5 /h && helper make capability /h\n"
      "RUN mv /h /bin/capable\n"
      "RUN cp /bin/helper /i && helper make capability /i && chown 5:5 /i\n");
}

TEST_CASE("owners: device nodes are those of root's image", "[e2e]") {
  // With ranges nobody makes any: the kernel refuses it, and nothing is recorded there.
  check_all_same(
      "FROM localhost/base:1\n"
      "RUN mkdir /n && mknod /n/null c 1 3 && mknod -m 640 /n/disk b 8 1 && mknod /n/fifo p && "
      "chown 5:6 /n/disk\n"
      "RUN mv /n/null /n/moved && rm /n/fifo && ln /n/disk /n/again && stat -c '%u:%g %a %F %n' "
      "/n/* > "
      "/list\n",
      {}, [](Who who) { return who != Who::ranges; });
}

TEST_CASE("owners: mounts belong to whom they are given", "[e2e]") {
  check_all_same(
      "FROM localhost/base:1 AS other\n"
      "RUN mkdir /m && ln -s x /m/link && echo f > /m/file && chown -h 21:22 /m/link /m/file\n"
      "FROM localhost/base:1\n"
      "RUN --mount=type=cache,target=/c,uid=1000,gid=50,mode=0750 "
      "--mount=type=secret,id=s,uid=1000,gid=50,mode=0440,required "
      "--mount=from=other,source=/m,target=/m "
      "stat -c '%u:%g %a %n' /c /run/secrets/s /m/* > /list && touch /c/a && chown 3:4 /c/a\n"
      "RUN --mount=type=cache,target=/c,uid=1000,gid=50,mode=0750 stat -c '%u:%g' /c/a >> /list\n",
      {"--secret", "SECRET"});
}

TEST_CASE("owners: an agent's socket belongs to whom it is given", "[e2e]") {
  if (!test::can_run("ssh-agent", has_program("ssh-keygen"), "openssh-client is not installed"))
    return;
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      prepare(machine);
      machine.must_run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", machine.path("key")});
      const auto built = machine.build("app:1",
                                       "FROM localhost/base:1\n"
                                       "COPY helper /bin/\n"
                                       "USER alice\n"
                                       "RUN --mount=type=ssh,uid=1000,gid=50 "
                                       "[ $(stat -c %u:%g $SSH_AUTH_SOCK) = 1000:50 ] && "
                                       "helper keys $SSH_AUTH_SOCK > /dev/null\n",
                                       {"--ssh", "default=" + machine.path("key")});
      INFO(built.err);
      CHECK(built.code == 0);
    }
  }
}

TEST_CASE("owners: `run` shows the owners of an image, and answers as a step does", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      prepare(machine);
      const auto built = machine.build("app:1",
                                       "FROM localhost/base:1\nCOPY --chown=1000:50 data /data\n"
                                       "RUN mkfifo /fifo && chown 8:9 /fifo\n");
      INFO(built.err);
      REQUIRE(built.code == 0);
      const std::string script =
          "stat -c %u:%g /data /data/text /data/link /fifo; chown 3:4 /bin && stat -c %u:%g /bin";
      CHECK(machine.must({"run", "app:1", "sh", "-c", script}) ==
            "1000:50\n1000:50\n1000:50\n8:9\n3:4");
      CHECK(machine.must({"run", "--user", "alice", "app:1", "id", "-u"}) == "1000");
    }
  }
}

// A RAM disk keeps no attributes, as no tmpfs did before Linux 6.6.
TEST_CASE("owners: where they cannot be recorded no step runs, and nothing is lost", "[e2e]") {
  for (const Who who : everybody()) {
    INFO(name_of(who));
    Machine machine(who);
    machine.must_run(
        {"install", "-D", "-m", "755", "/bin/busybox", machine.path("context/busybox")});
    machine.must_run({"mkdir", machine.path("disk")});
    const std::vector<std::string> around = {
        "unshare",
        "-m",
        "--propagation",
        "private",
        "sh",
        "-c",
        "mount -t ramfs none \"$0\" && chmod 777 \"$0\" && exec \"$@\"",
        machine.path("disk")};
    const auto build = [&](const std::string& steps) {
      return machine.build(
          "app:1", "FROM scratch\nCOPY --chown=5:6 busybox /\n" + steps, {"-q"},
          {.env = {"IBUILD_ROOT=" + machine.path("disk/store"), "SOURCE_DATE_EPOCH=1700000000"},
           .around = around});
    };
    CHECK(build("").code == 0);
    const auto built = build("RUN [\"/busybox\", \"chown\", \"7:8\", \"/busybox\"]\n");
    INFO(built.err);
    CHECK((built.code == 0) == (who != Who::single));
    const bool is_told = built.err.find("takes no user.* attributes") != std::string::npos;
    CHECK(is_told == (who == Who::single));
  }
}
