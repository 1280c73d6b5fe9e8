#include "cli/progress_tty.h"

#include <catch2/catch.hpp>
#include <sstream>

using namespace ibuild;
using namespace ibuild::cli;
namespace event = builder::event;
using namespace std::chrono_literals;

namespace {

const Palette kNoColors{"", "", "", "", ""};

/// A terminal that obeys the few sequences that are used, and a clock that the test moves.
struct Screen {
  std::ostringstream out;
  TerminalSize size{10, 40};
  std::chrono::steady_clock::time_point now{1000s};
  TtyProgress progress{out,
                       {[this] { return size; }, kNoColors, [this] { return now; }},
                       TtyProgress::Drawing::on_demand};

  void begin(builder::VertexId id, const std::string& name) {
    progress.emit(event::VertexAdded{.vertex = {.id = id, .name = name}});
    progress.emit(event::StepStarted{.id = id});
  }
  void log(builder::VertexId id, const std::string& bytes) {
    progress.emit(event::StepLog{.id = id, .is_stderr = false, .bytes = bytes});
  }

  /// What is to be seen after all that was written.
  std::vector<std::string> lines() const {
    std::vector<std::string> rows(1);
    std::size_t row = 0;
    const std::string text = out.str();
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') {
        if (++row == rows.size()) rows.emplace_back();
        rows[row].clear();
      } else if (text[i] == '\r') {
        rows[row].clear();
      } else if (text[i] == '\x1b') {
        const auto end = text.find_first_of("AKJhl", i);
        const auto number = text.substr(i + 2, end - i - 2);
        if (text[end] == 'A') row -= std::stoul(number);
        if (text[end] == 'J') rows.resize(row + 1);
        i = end;
      } else {
        rows[row] += text[i];
      }
    }
    rows.pop_back();
    return rows;
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("progress_tty: steps, their times and the last lines of their logs", "[cli]") {
  Screen screen;
  screen.progress.emit(event::PlanReady{
      .vertices = {{.id = 1, .name = "[1/2] FROM a"}, {.id = 2, .name = "[2/2] RUN make"}}});
  screen.progress.emit(event::StepCached{.id = 1});
  screen.progress.emit(event::StepStarted{.id = 2});
  screen.now += 1500ms;
  screen.log(2, "one\ntwo\npart");
  screen.progress.draw();
  CHECK(screen.lines() ==
        Lines{"[+] Building 1.5s (1/2)", " => CACHED [1/2] FROM a             0.0s",
              " => [2/2] RUN make                  1.5s", " => => # one", " => => # two"});
  screen.progress.emit(event::StepDone{.id = 2});
  screen.now += 1s;
  screen.progress.emit(event::Finished{.success = true});
  CHECK(screen.lines() == Lines{"[+] Building 2.5s (2/2) FINISHED",
                                " => CACHED [1/2] FROM a             0.0s",
                                " => [2/2] RUN make                  1.5s"});
}

TEST_CASE("progress_tty: failed and cancelled steps are marked", "[cli]") {
  Screen screen;
  screen.begin(1, "RUN false");
  screen.begin(2, "RUN sleep");
  screen.progress.emit(event::StepFailed{.id = 1, .message = "exit code 1"});
  screen.progress.emit(event::StepFailed{.id = 2, .message = "", .cancelled = true});
  screen.progress.emit(event::Finished{});
  CHECK(screen.lines()[1] == " => ERROR RUN false                 0.0s");
  CHECK(screen.lines()[2] == " => CANCELED RUN sleep              0.0s");
}

TEST_CASE("progress_tty: transfers are there while they go on", "[cli]") {
  Screen screen;
  screen.begin(1, "FROM a");
  screen.progress.emit(event::TransferProgress{
      .id = 1, .what = "sha256:01", .done_bytes = 1000, .total_bytes = 2000});
  screen.progress.draw();
  CHECK(screen.lines()[2].starts_with(" => => sha256:01 1"));
  screen.progress.emit(event::TransferProgress{
      .id = 1, .what = "sha256:01", .done_bytes = 2000, .total_bytes = 2000});
  screen.progress.draw();
  CHECK(screen.lines().size() == 2);
}

TEST_CASE("progress_tty: the picture stays within the screen until the end", "[cli]") {
  Screen screen;
  for (builder::VertexId id = 1; id <= 20; ++id) {
    screen.begin(id, "step " + std::to_string(id));
    if (id <= 15) screen.progress.emit(event::StepDone{.id = id});
  }
  screen.log(20, "a\nb\nc\nd\n");
  screen.progress.draw();
  CHECK(screen.lines().size() == 9);
  CHECK(screen.lines().back().starts_with(" => => # ") == false);
  CHECK_THAT(screen.lines().back(), Catch::Contains("step 20"));
  CHECK_THAT(screen.lines()[1], Catch::Contains("step 13"));
  screen.progress.emit(event::Finished{});
  CHECK(screen.lines().size() == 21);
}

TEST_CASE("progress_tty: lines fit the width, whatever the characters", "[cli]") {
  Screen screen;
  screen.begin(1, "RUN " + std::string(200, 'x'));
  screen.begin(2, "RUN 构建构建构建构建构建构建构建构建构建构建");
  screen.log(1, std::string(200, 'y') + "\n");
  screen.progress.draw();
  for (const auto& line : screen.lines()) CHECK(display_width(line) <= 40);
}

TEST_CASE("progress_tty: each picture is drawn over the last and leaves the cursor visible",
          "[cli]") {
  Screen screen;
  screen.begin(1, "a");
  screen.progress.draw();
  screen.out.str("");
  screen.progress.draw();
  CHECK_THAT(screen.out.str(), Catch::StartsWith("\x1b[?25l\x1b[2A\r"));
  CHECK_THAT(screen.out.str(), Catch::EndsWith("\x1b[J\x1b[?25h"));
}

TEST_CASE("progress_tty: nothing of a step reaches the terminal raw", "[cli]") {
  Screen screen;
  screen.begin(1, "RUN \x1b[2J x");
  screen.log(1, "\x1b[10Agone\n");
  screen.progress.draw();
  CHECK_THAT(screen.out.str(), !Catch::Contains("[2J") && !Catch::Contains("[10A"));
}

TEST_CASE("progress_tty: it draws by itself, and ends", "[cli]") {
  std::ostringstream out;
  {
    TtyProgress progress(out, {[] { return TerminalSize{}; }, Palette{}});
    progress.emit(event::VertexAdded{.vertex = {.id = 1, .name = "a"}});
    progress.emit(event::StepCached{.id = 1});
  }
  CHECK_THAT(out.str(), Catch::Contains("\x1b[34m => CACHED a"));
  CHECK_THAT(out.str(), Catch::Contains("(1/1) FINISHED"));
}
