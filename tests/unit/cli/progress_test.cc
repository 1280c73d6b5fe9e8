#include <unistd.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "base/error.h"
#include "cli/failure_log.h"
#include "cli/progress.h"
#include "cli/progress_plain.h"
#include "parser/lint.h"

using namespace ibuild;
namespace event = builder::event;
using namespace std::chrono_literals;

namespace {

/// A renderer whose clock the test moves.
struct Screen {
  std::ostringstream out;
  std::chrono::steady_clock::time_point now{1000s};
  cli::PlainProgress progress{out, [this] { return now; }};

  void begin(builder::VertexId id, const std::string& name) {
    progress.emit(event::VertexAdded{.vertex = {.id = id, .name = name}});
    progress.emit(event::StepStarted{.id = id});
  }
  void log(builder::VertexId id, const std::string& bytes) {
    progress.emit(event::StepLog{.id = id, .is_stderr = false, .bytes = bytes});
  }
  void done(builder::VertexId id, std::chrono::milliseconds took = 0ms) {
    progress.emit(event::StepDone{.id = id, .took = took});
  }
};

}  // namespace

TEST_CASE("progress_plain: a step from beginning to end", "[cli]") {
  Screen screen;
  screen.begin(1, "[1/1] RUN make");
  screen.now += 123ms;
  screen.log(1, "compiling\nlin");
  screen.now += 12s;
  screen.log(1, "king\n");
  screen.done(1, 1234ms);
  CHECK(screen.out.str() ==
        "#1 [1/1] RUN make\n#1 0.123 compiling\n#1 12.12 linking\n#1 DONE 1.2s\n");
}

TEST_CASE("progress_plain: a line without end is shown at the end", "[cli]") {
  Screen screen;
  screen.begin(1, "a");
  screen.log(1, "no newline");
  screen.done(1);
  CHECK_THAT(screen.out.str(), Catch::Contains("#1 0.000 no newline\n#1 DONE 0.0s\n"));
}

TEST_CASE("progress_plain: cached steps are marked once", "[cli]") {
  Screen screen;
  screen.progress.emit(event::PlanReady{
      .vertices = {{.id = 1, .name = "[1/2] FROM x"}, {.id = 2, .name = "[2/2] RUN y"}}});
  screen.progress.emit(event::StepCached{.id = 1});
  screen.done(1);
  screen.progress.emit(event::StepCached{.id = 2});
  CHECK(screen.out.str() == "#1 [1/2] FROM x\n#1 CACHED\n\n#2 [2/2] RUN y\n#2 CACHED\n");
}

TEST_CASE("progress_plain: errors and cancellations", "[cli]") {
  Screen screen;
  screen.begin(1, "a");
  screen.progress.emit(event::StepFailed{.id = 1, .message = "exit code 2"});
  screen.begin(2, "b");
  screen.progress.emit(event::StepFailed{.id = 2, .message = "x", .cancelled = true});
  CHECK(screen.out.str() == "#1 a\n#1 ERROR: exit code 2\n\n#2 b\n#2 CANCELED\n");
}

TEST_CASE("progress_plain: the lines of a busy step stay together", "[cli]") {
  Screen screen;
  screen.begin(1, "a");
  screen.log(1, "one\n");
  screen.begin(2, "b");
  screen.log(2, "other\n");
  screen.log(1, "two\n");
  screen.done(1);
  CHECK(screen.out.str() ==
        "#1 a\n#1 0.000 one\n#1 0.000 two\n#1 DONE 0.0s\n\n#2 b\n#2 0.000 other\n");
}

TEST_CASE("progress_plain: a silent step gives way, and says so", "[cli]") {
  Screen screen;
  screen.begin(1, "a");
  screen.begin(2, "b");
  screen.now += 1s;
  screen.log(2, "other\n");
  CHECK(screen.out.str() == "#1 a\n#1 ...\n\n#2 b\n#2 1.000 other\n");
}

TEST_CASE("progress_plain: what waits is shown at the end", "[cli]") {
  Screen screen;
  screen.begin(1, "a");
  screen.begin(2, "b");
  screen.log(2, "kept back\n");
  screen.progress.emit(event::Finished{.success = false});
  CHECK_THAT(screen.out.str(), Catch::Contains("#2 0.000 kept back\n"));
}

TEST_CASE("progress_plain: a transfer is shown when it is done, once", "[cli]") {
  Screen screen;
  screen.begin(1, "pull");
  for (const std::uint64_t bytes : {0, 512, 1024, 1024}) {
    screen.progress.emit(event::TransferProgress{
        .id = 1, .what = "sha256:abc", .done_bytes = bytes, .total_bytes = 1024});
  }
  CHECK(screen.out.str() == "#1 pull\n#1 sha256:abc 1 KiB / 1 KiB 0.0s done\n");
}

TEST_CASE("progress_plain: a long transfer is shown now and then", "[cli]") {
  Screen screen;
  screen.begin(1, "pull");
  for (const std::uint64_t bytes : {1, 2, 3}) {
    screen.progress.emit(event::TransferProgress{
        .id = 1, .what = "x", .done_bytes = bytes << 10, .total_bytes = 8 << 10});
    screen.now += 4s;
  }
  CHECK(screen.out.str() == "#1 pull\n#1 x 3 KiB / 8 KiB 8.0s\n");
}

TEST_CASE("progress_plain: notes and reasons", "[cli]") {
  Screen screen;
  screen.begin(1, "export");
  screen.progress.emit(event::StepMissed{.id = 1, .why = "app.py changed"});
  screen.progress.emit(event::StepNote{.id = 1, .text = "naming to app:1"});
  CHECK(screen.out.str() == "#1 export\n#1 why: app.py changed\n#1 naming to app:1\n");
}

TEST_CASE("progress_plain: nothing of a step reaches the terminal raw", "[cli]") {
  Screen screen;
  screen.begin(1, "RUN \x1b]0;title\x07 x");
  screen.log(1, "\x1b[2Jgone\n");
  screen.progress.emit(event::StepFailed{.id = 1, .message = "bad \x1b[31mred"});
  CHECK(screen.out.str().find('\x1b') == std::string::npos);
}

TEST_CASE("progress: warnings come at the end, once, with what they point to", "[cli]") {
  std::ostringstream out;
  cli::Progress progress(cli::ProgressMode::plain, out);
  progress.set_dockerfile({.name = "Dockerfile", .text = "FROM a as b\n"});
  auto warning = parser::make_finding(parser::LintRule::from_as_casing, "casing \x1b[1mdiffers",
                                      {{1, 1}, {1, 11}});
  progress.emit(event::WarningRaised{.warning = warning});
  progress.emit(event::WarningRaised{.warning = {"", "no place", "", {}}});
  CHECK(out.str().empty());
  progress.emit(event::Finished{.success = true});
  progress.emit(event::Finished{.success = true});
  CHECK(out.str() ==
        "\n 2 warnings found:\n - FromAsCasing: casing differs (line 1)\n"
        "The 'as' keyword should match the case of the 'from' keyword\n"
        "More info: https://docs.docker.com/go/dockerfile/rule/from-as-casing/\n"
        "Dockerfile:1:1\n--------------------\n   1 | >>> FROM a as b\n"
        "     |     ^~~~~~~~~~~\n--------------------\n\n - no place\n\n");
}

TEST_CASE("progress: modes for programs and quiet ones show no warnings", "[cli]") {
  for (const auto mode : {cli::ProgressMode::rawjson, cli::ProgressMode::quiet}) {
    std::ostringstream out;
    cli::Progress progress(mode, out);
    progress.emit(event::WarningRaised{.warning = {"", "text", "", {}}});
    progress.emit(event::Finished{.success = true});
    CHECK_THAT(out.str(), !Catch::Contains("found"));
  }
}

TEST_CASE("progress: too much of a step's output is cut, but not from the failure's report",
          "[cli]") {
  std::ostringstream out;
  cli::Progress progress(cli::ProgressMode::plain, out);
  progress.emit(event::VertexAdded{.vertex = {.id = 1, .name = "RUN yes"}});
  progress.emit(event::StepStarted{.id = 1});
  for (int i = 0; i < 80; ++i)
    progress.emit(
        event::StepLog{.id = 1, .is_stderr = false, .bytes = std::string(100'000, 'y') + "\n"});
  progress.emit(event::StepLog{.id = 1, .is_stderr = false, .bytes = "the end\n"});
  progress.emit(event::StepFailed{.id = 1, .message = "exit code 1"});
  CHECK(out.str().size() < 3'000'000);
  CHECK_THAT(out.str(),
             Catch::Contains("[output clipped, log limit ") && !Catch::Contains("the end"));
  CHECK_THAT(progress.failure_report(), Catch::Contains("the end"));
}

TEST_CASE("progress_plain: what waits behind a silent step comes out without another event",
          "[cli]") {
  std::ostringstream out;
  {
    cli::PlainProgress progress(out);
    progress.emit(event::VertexAdded{.vertex = {.id = 1, .name = "a"}});
    progress.emit(event::StepStarted{.id = 1});
    progress.emit(event::VertexAdded{.vertex = {.id = 2, .name = "b"}});
    progress.emit(event::StepStarted{.id = 2});
  }
  CHECK_THAT(out.str(), Catch::Contains("#2 b\n"));
}

TEST_CASE("failure_log: the end of a failed step's log", "[cli]") {
  cli::FailureLog log;
  log.emit(event::VertexAdded{.vertex = {.id = 4, .name = "[2/3] RUN make"}});
  log.emit(event::StepStarted{.id = 4});
  std::string text;
  for (int i = 0; i < 100; ++i) text += "line " + std::to_string(i) + "\n";
  log.emit(event::StepLog{.id = 4, .is_stderr = true, .bytes = text + "last"});
  log.emit(event::StepFailed{.id = 4, .message = "exit code 2"});
  const auto report = log.report();
  CHECK_THAT(report, Catch::StartsWith("------\n > [2/3] RUN make:\n"));
  CHECK_THAT(report, Catch::Contains(" last\n------\n"));
  CHECK_THAT(report, Catch::Contains("line 99") && !Catch::Contains("line 10\n"));
}

TEST_CASE("failure_log: steps that went well or were cancelled are not in it", "[cli]") {
  cli::FailureLog log;
  for (const builder::VertexId id : {1, 2}) {
    log.emit(event::VertexAdded{.vertex = {.id = id, .name = "x"}});
    log.emit(event::StepLog{.id = id, .is_stderr = false, .bytes = "text\n"});
  }
  log.emit(event::StepDone{.id = 1});
  log.emit(event::StepFailed{.id = 2, .message = "x", .cancelled = true});
  CHECK(log.report().empty());
}

TEST_CASE("progress: kinds that are not there are refused by name", "[cli]") {
  CHECK((cli::parse_progress("auto") == cli::ProgressMode::tty) == (isatty(STDERR_FILENO) == 1));
  CHECK(cli::parse_progress("") == cli::parse_progress("auto"));
  CHECK(cli::parse_progress("plain") == cli::ProgressMode::plain);
  CHECK(cli::parse_progress("quiet") == cli::ProgressMode::quiet);
  CHECK(cli::parse_progress("rawjson") == cli::ProgressMode::rawjson);
  CHECK_THROWS_WITH(cli::parse_progress("fancy"), "--progress=fancy is not known");
}
