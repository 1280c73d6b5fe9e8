// RUN, CMD, ENTRYPOINT, SHELL and HEALTHCHECK.
#include <catch2/catch.hpp>

#include "tests/unit/parser/parse_helpers.h"

using namespace ibuild::parser;
using namespace std::chrono_literals;
using test::code_of;
using test::only;
using Strings = std::vector<std::string>;

TEST_CASE("instructions_command: shell form and exec form", "[parser]") {
  CHECK(only<Run>("RUN a  \"b\"").command.words == Strings{"a  \"b\""});
  CHECK_FALSE(only<Run>("RUN a").command.is_exec);
  CHECK(only<Cmd>("CMD [\"a\", \"b c\"]").command.words == Strings{"a", "b c"});
  CHECK(only<Cmd>("CMD [\"a\"]").command.is_exec);
}

TEST_CASE("instructions_command: nothing is an empty text for the shell", "[parser]") {
  CHECK(only<Run>("RUN").command.words == Strings{""});
  CHECK(only<Cmd>("CMD").command.words == Strings{""});
}

TEST_CASE("instructions_command: an empty list is an empty command", "[parser]") {
  const Entrypoint entrypoint = only<Entrypoint>("ENTRYPOINT []");
  CHECK(entrypoint.command.is_exec);
  CHECK(entrypoint.command.words.empty());
}

TEST_CASE("instructions_command: RUN's flags", "[parser]") {
  const Run run = only<Run>(
      "RUN --mount=type=cache,target=/c --mount=target=/s,$x --network=none --security=insecure "
      "--device=a/b make");
  REQUIRE(run.mounts.size() == 2);
  CHECK(run.mounts[0].text == "type=cache,target=/c");
  CHECK(run.mounts[1].text == "target=/s,$x");
  CHECK(run.network == "none");
  CHECK(run.security == "insecure");
  CHECK(run.devices == Strings{"a/b"});
}

TEST_CASE("instructions_command: RUN's defaults", "[parser]") {
  const Run run = only<Run>("RUN make");
  CHECK(run.network == "default");
  CHECK(run.security == "sandbox");
  CHECK(run.mounts.empty());
}

TEST_CASE("instructions_command: RUN's flags are checked where they stand", "[parser]") {
  const auto fault =
      test::stage_fault("FROM scratch\nRUN --mount=target=/a \\\n  --network=nome make\n");
  CHECK(fault.code == "invalid-flag-value");
  CHECK(fault.line == 3);
  CHECK(fault.column == 3);
  CHECK(code_of("RUN --security=off make") == "invalid-flag-value");
  CHECK(code_of("RUN --mount= make") == "invalid-mount");
  CHECK(code_of("RUN --mount=from=$x,target=/a make") == "invalid-mount");
  CHECK(code_of("RUN --device=a,b make") == "invalid-device");
}

TEST_CASE("instructions_command: what a mount means waits for its variables", "[parser]") {
  CHECK(code_of("RUN --mount=type=$t,bogus=1 make").empty());
}

TEST_CASE("instructions_command: RUN keeps its heredocs", "[parser]") {
  const Run run = only<Run>("RUN cat <<EOF >x\na\nEOF");
  REQUIRE(run.command.heredocs.size() == 1);
  CHECK(run.command.heredocs[0].content == "a\n");
  CHECK(run.command.words[0] == "cat <<EOF >x");
}

TEST_CASE("instructions_command: CMD and ENTRYPOINT take no flags", "[parser]") {
  CHECK(code_of("CMD --x y") == "unknown-flag");
  CHECK(code_of("ENTRYPOINT --x y") == "unknown-flag");
  CHECK(code_of("CMD -- --x y").empty());
}

TEST_CASE("instructions_command: SHELL is a list", "[parser]") {
  CHECK(only<Shell>("SHELL [\"/bin/bash\", \"-c\"]").words == Strings{"/bin/bash", "-c"});
  CHECK(code_of("SHELL /bin/bash -c") == "json-required");
  CHECK(code_of("SHELL []") == "wrong-argument-count");
  CHECK(code_of("SHELL") == "wrong-argument-count");
}

TEST_CASE("instructions_command: HEALTHCHECK has a command and times", "[parser]") {
  const Healthcheck health = only<Healthcheck>(
      "HEALTHCHECK --interval=1m --timeout=2.5s --start-period=1h --start-interval=500ms "
      "--retries=4 CMD curl x");
  CHECK(health.command.words == Strings{"curl x"});
  CHECK(health.interval == 1min);
  CHECK(health.timeout == 2500ms);
  CHECK(health.start_period == 1h);
  CHECK(health.start_interval == 500ms);
  CHECK(health.retries == 4);
  CHECK_FALSE(health.none);
}

TEST_CASE("instructions_command: HEALTHCHECK's command may be a list", "[parser]") {
  const Healthcheck health = only<Healthcheck>("healthcheck cmd [\"a\", \"b\"]");
  CHECK(health.command.is_exec);
  CHECK(health.command.words == Strings{"a", "b"});
  CHECK(health.interval == 0s);
}

TEST_CASE("instructions_command: HEALTHCHECK NONE takes nothing", "[parser]") {
  CHECK(only<Healthcheck>("HEALTHCHECK NONE").none);
  CHECK(code_of("HEALTHCHECK NONE x") == "wrong-argument-count");
}

TEST_CASE("instructions_command: HEALTHCHECK's faults", "[parser]") {
  CHECK(code_of("HEALTHCHECK") == "wrong-argument-count");
  CHECK(code_of("HEALTHCHECK CMD") == "wrong-argument-count");
  CHECK(code_of("HEALTHCHECK CMD []") == "wrong-argument-count");
  CHECK(code_of("HEALTHCHECK RUN x") == "invalid-healthcheck");
  CHECK(code_of("HEALTHCHECK --interval=1 CMD x") == "invalid-healthcheck");
  CHECK(code_of("HEALTHCHECK --interval=1us CMD x") == "invalid-healthcheck");
  CHECK(code_of("HEALTHCHECK --timeout=-5s CMD x") == "invalid-healthcheck");
  CHECK(code_of("HEALTHCHECK --retries=-1 CMD x") == "invalid-healthcheck");
  CHECK(code_of("HEALTHCHECK --retries=2147483648 CMD x") == "invalid-healthcheck");
  CHECK(code_of("HEALTHCHECK --retires=1 CMD x") == "unknown-flag");
  CHECK(code_of("HEALTHCHECK --interval=0s --retries=0 CMD x").empty());
}
