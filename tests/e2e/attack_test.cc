// Dockerfiles that reach for what is not theirs. The ways out of other builders are CVE-2024-1753
// and CVE-2024-11218 (sources of mounts that are links), CVE-2024-9675 (names of caches),
// CVE-2024-23651 (a cache that changes while it is mounted), CVE-2024-21626 (WORKDIR). Those of a
// step that runs: tests/unit/sandbox/step_attack_test.cc.
#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

/// A machine with a base and a file that no step may see or change.
class Target {
 public:
  Target() {
    machine_.make_base();
    machine_.write("precious/file", "untouched\n");
  }
  std::string precious() const { return machine_.path("precious"); }
  Output build(const std::string& steps) {
    return machine_.build("app:1", "FROM localhost/base:1\n" + steps,
                          {"--progress=plain", "--no-cache"});
  }
  /// Also after the build nobody has been there.
  void check_untouched() const {
    CHECK(machine_.read("precious/file") == "untouched\n");
    CHECK(machine_.must_run({"ls", precious()}) == "file");
    CHECK(machine_.mounts_left().empty());
  }
  Machine& machine() { return machine_; }

 private:
  Machine machine_;
};

}  // namespace

TEST_CASE("attack: the source of a bind mount that is a link stays in its stage", "[e2e]") {
  Target target;
  for (const std::string& link :
       {std::string("/"), target.precious(), "../../../../../../../.." + target.precious()}) {
    INFO(link);
    // What is there in the stage as well is what is to be seen.
    const auto built = target.build(
        "FROM localhost/base:1 AS evil\n"
        "RUN mkdir -p /d " +
        target.precious() + " && echo decoy > " + target.precious() + "/file && ln -s " + link +
        " /d/link\n"
        "FROM localhost/base:1\n"
        "RUN --mount=from=evil,source=/d/link,target=/m,rw "
        "echo x > /m/new; cat /m/file /m" +
        target.precious() + "/file; true\n");
    INFO(built.err);
    CHECK(built.code == 0);
    CHECK(built.err.find(" decoy\n") != std::string::npos);
    CHECK(built.err.find("untouched") == std::string::npos);
    target.check_untouched();
  }
}

TEST_CASE("attack: a link in the context is no way out of it", "[e2e]") {
  Target target;
  target.machine().must_run({"mkdir", "-p", target.machine().path("context")});
  target.machine().must_run({"ln", "-s", target.precious(), target.machine().path("context/link")});
  const auto built =
      target.build("RUN --mount=source=link,target=/m,rw echo x > /m/new; cat /m/file\n");
  INFO(built.err);
  CHECK(built.code != 0);
  CHECK(built.err.find("untouched") == std::string::npos);
  target.check_untouched();
}

TEST_CASE("attack: the id of a cache is a name, never a path", "[e2e]") {
  Target target;
  const std::string up = "../../../../../../../../../../..";
  for (const std::string& id : {up + target.precious(), target.precious(), std::string("..")}) {
    INFO(id);
    const auto built =
        target.build("RUN --mount=type=cache,id=" + id + ",target=/m ls -A /m; echo x > /m/new\n");
    INFO(built.err);
    CHECK(built.code == 0);
    CHECK(built.err.find(" file\n") == std::string::npos);
    target.check_untouched();
  }
}

TEST_CASE("attack: a part of a cache that is a link leads nowhere", "[e2e]") {
  Target target;
  const std::string cache = "RUN --mount=type=cache,id=c,";
  const auto built = target.build(cache + "target=/c ln -s " + target.precious() + " /c/part\n" +
                                  cache + "source=part,target=/m echo x > /m/new; cat /m/file\n");
  INFO(built.err);
  CHECK(built.code == 1);
  CHECK(built.err.find("not found in the cache") != std::string::npos);
  CHECK(built.err.find("untouched") == std::string::npos);
  target.check_untouched();
}

TEST_CASE("attack: a cache that turns into a link meanwhile leads nowhere", "[e2e]") {
  Target target;
  const std::string cache = "RUN --mount=type=cache,id=c,target=/c ";
  const std::string swap = "rm -rf /c/part; ln -s " + target.precious() + " /c/part; ";
  // The same cache again and again, by a stage that swaps it and by one that mounts the part.
  std::string steps = cache + "mkdir -p /c/part && echo good > /c/part/file\n";
  steps += "FROM localhost/base:1 AS swapper\n" + cache + "i=0; while [ $i -lt 200 ]; do " + swap +
           "rm -f /c/part; mkdir -p /c/part; i=$((i+1)); done; " + swap + "true\n";
  steps += "FROM localhost/base:1 AS user\n";
  for (int i = 0; i < 8; ++i) {
    steps += "RUN --mount=type=cache,id=c,source=part,target=/m echo x > /m/new" +
             std::to_string(i) + "; cat /m/file; true\n";
  }
  steps +=
      "FROM localhost/base:1\nCOPY --from=swapper /etc/passwd /a\n"
      "COPY --from=user /etc/passwd /b\n";
  const auto built = target.build(steps);  // may fail where the part is missing just then
  INFO(built.err);
  CHECK(built.err.find("untouched") == std::string::npos);
  target.check_untouched();
}

TEST_CASE("attack: WORKDIR and targets of mounts stay in the image", "[e2e]") {
  Target target;
  for (const std::string& steps :
       {std::string("WORKDIR /proc/self/fd/8\nRUN cat ../../../../precious/file\n"),
        "RUN ln -s " + target.precious() + " /w\nWORKDIR /w\nRUN echo x > new; cat file; true\n",
        "RUN ln -s " + target.precious() + " /w\nRUN --mount=type=tmpfs,target=/w/t true\n",
        "RUN ln -s " + target.precious() + " /w\nCOPY --from=localhost/base:1 /etc/passwd /w/new\n",
        "RUN rm -rf /etc && ln -s " + target.precious() + " /etc\nRUN cat /etc/file; true\n"}) {
    INFO(steps);
    const auto built = target.build(steps);
    INFO(built.err);
    CHECK(built.err.find("untouched") == std::string::npos);
    target.check_untouched();
  }
}

TEST_CASE("attack: what a step says moves no terminal", "[e2e]") {
  Target target;
  const auto built =
      target.build("RUN printf '\\033]0;title\\007\\033[2J\\033[31mred\\rover\\n'\n");
  CHECK(built.code == 0);
  CHECK(built.err.find('\033') == std::string::npos);
  CHECK(built.err.find('\007') == std::string::npos);
}
