#include "builder/plan/history_text.h"

#include <catch2/catch.hpp>

using namespace ibuild;
using namespace std::chrono_literals;
using builder::go_duration;

TEST_CASE("history_text: durations as Go prints them", "[builder]") {
  CHECK(go_duration(0ns) == "0s");
  CHECK(go_duration(1ns) == "1ns");
  CHECK(go_duration(1500ns) == "1.5µs");
  CHECK(go_duration(2ms) == "2ms");
  CHECK(go_duration(1500ms) == "1.5s");
  CHECK(go_duration(90s) == "1m30s");
  CHECK(go_duration(3600s) == "1h0m0s");
  CHECK(go_duration(25h + 61s + 1ms) == "25h1m1.001s");
  CHECK(go_duration(-90s) == "-1m30s");
}

TEST_CASE(
    "history_text: RUN has the stage's args before its command, each once, with present values",
    "[builder]") {
  builder::EnvList env;
  env.set("A", "now");
  const std::vector<std::string> argv = {"/bin/sh", "-c", "make all"};
  builder::DeclaredArgs args;
  CHECK(builder::run_history(argv, args, env) == "RUN /bin/sh -c make all # buildkit");
  args.declare("A", "then", env);
  args.declare("B", std::nullopt, env);
  args.declare("A", "again", env);
  CHECK(builder::run_history(argv, args, env) == "RUN |2 A=now B= /bin/sh -c make all # buildkit");
  env.set("B", "set");
  args.note_changed("B");
  args.declare("C", "3", env);
  CHECK(builder::run_history(argv, args, env) ==
        "RUN |3 A=now B=set C=3 /bin/sh -c make all # buildkit");
}

TEST_CASE("history_text: a health check as Go prints the struct", "[builder]") {
  image::Healthcheck check;
  check.test = {"CMD", "/check", "a b"};
  check.interval = 30s;
  check.retries = 2;
  CHECK(
      builder::go_healthcheck(check) ==
      "{Test:[CMD /check a b] Interval:30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:2}");
}

TEST_CASE("history_text: a heredoc is shown by its first line", "[builder]") {
  CHECK(builder::summarize_heredoc("one\n") == "one");
  CHECK(builder::summarize_heredoc("\n  one\r\ntwo\n") == "one...");
  CHECK(builder::summarize_heredoc("").empty());
}
