#include "cli/progress_json.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "parser/lint.h"

using namespace ibuild;
namespace event = builder::event;
using Json = nlohmann::json;

namespace {

struct Stream {
  std::ostringstream out;
  base::TimePoint now{std::chrono::seconds(1'700'000'000)};
  cli::JsonProgress progress{out, [this] { return now; }};

  /// The lines that an event brings.
  std::vector<Json> emit(builder::BuildEvent event) {
    out.str("");
    progress.emit(std::move(event));
    std::vector<Json> lines;
    std::istringstream in(out.str());
    for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
    return lines;
  }
};

constexpr const char* kNow = "2023-11-14T22:13:20Z";

}  // namespace

TEST_CASE("progress_json: a step from beginning to end", "[cli]") {
  Stream stream;
  const auto added = stream.emit(event::VertexAdded{.vertex = {.id = 3, .name = "RUN make"}});
  REQUIRE(added.size() == 1);
  const auto vertex = added[0]["vertexes"][0];
  CHECK(vertex["name"] == "RUN make");
  const std::string digest = vertex["digest"];
  CHECK(digest.starts_with("sha256:"));
  CHECK(stream.emit(event::StepStarted{.id = 3})[0]["vertexes"][0]["started"] == kNow);
  const auto log =
      stream.emit(event::StepLog{.id = 3, .is_stderr = true, .bytes = "\xffhi"})[0]["logs"][0];
  CHECK(log == Json({{"vertex", digest}, {"stream", 2}, {"data", "/2hp"}, {"timestamp", kNow}}));
  stream.now += std::chrono::milliseconds(1500);
  const auto done = stream.emit(event::StepDone{.id = 3})[0]["vertexes"][0];
  CHECK(done["started"] == kNow);
  CHECK(done["completed"] == "2023-11-14T22:13:21.5Z");
  CHECK_FALSE(done.contains("error"));
}

TEST_CASE("progress_json: cached, failed and cancelled steps", "[cli]") {
  Stream stream;
  stream.emit(event::PlanReady{.vertices = {{.id = 1, .name = "a"}, {.id = 2, .name = "b"}}});
  const auto cached = stream.emit(event::StepCached{.id = 1})[0]["vertexes"][0];
  CHECK(cached["cached"] == true);
  CHECK(cached["completed"] == kNow);
  CHECK(stream.emit(event::StepDone{.id = 1}).empty());
  CHECK(stream.emit(event::StepFailed{
            .id = 2, .message = "exit code 1"})[0]["vertexes"][0]["error"] == "exit code 1");
  CHECK(stream.emit(event::StepFailed{
            .id = 2, .message = "", .cancelled = true})[0]["vertexes"][0]["error"] ==
        "context canceled");
}

TEST_CASE("progress_json: transfers and notes are statuses", "[cli]") {
  Stream stream;
  const event::TransferProgress half{
      .id = 1, .what = "sha256:0", .done_bytes = 5, .total_bytes = 9};
  const auto first = stream.emit(half)[0]["statuses"][0];
  CHECK(first["id"] == "sha256:0");
  CHECK(first["current"] == 5);
  CHECK(first["total"] == 9);
  CHECK_FALSE(first.contains("completed"));
  stream.now += std::chrono::seconds(1);
  auto whole = half;
  whole.done_bytes = 9;
  const auto last = stream.emit(whole)[0]["statuses"][0];
  CHECK(last["started"] == kNow);
  CHECK(last["completed"] == "2023-11-14T22:13:21Z");
  CHECK(stream.emit(event::StepNote{.id = 1, .text = "naming"})[0]["statuses"][0]["id"] ==
        "naming");
}

TEST_CASE("progress_json: warnings", "[cli]") {
  Stream stream;
  const auto finding =
      parser::make_finding(parser::LintRule::from_as_casing, "m", {{2, 1}, {2, 4}});
  const auto warning = stream.emit(event::WarningRaised{.warning = finding})[0]["warnings"][0];
  CHECK(warning["short"] == "RnJvbUFzQ2FzaW5nOiBtIChsaW5lIDIp");
  CHECK(warning["url"] == "https://docs.docker.com/go/dockerfile/rule/from-as-casing/");
  CHECK(warning["range"][0]["start"]["line"] == 2);
  CHECK(warning["detail"].size() == 1);
}
