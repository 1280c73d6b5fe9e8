// See: SolveStatus in client/graph.go of BuildKit.
#include "cli/progress_json.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "base/base64.h"
#include "base/digest.h"
#include "cli/source_json.h"
#include "cli/warning_report.h"
#include "parser/lint_rule.h"

namespace ibuild::cli {

namespace event = builder::event;
using Json = nlohmann::ordered_json;

namespace {

/// Vertices are told apart by a digest; ours are numbers.
std::string digest_of(builder::VertexId id, const std::string& name) {
  return base::sha256_of(std::to_string(id) + "\n" + name).str();
}

}  // namespace

JsonProgress::JsonProgress(std::ostream& out, Now now) : out_(out), now_(std::move(now)) {}

std::string JsonProgress::time() const { return base::format_rfc3339(now_()); }

void JsonProgress::emit(builder::BuildEvent event) {
  const std::lock_guard lock(mutex_);
  std::visit([this](const auto& each) { on(each); }, event);
}

void JsonProgress::write(const char* key, const Json& entry) {
  const Json status = {{key, Json::array({entry})}};
  out_ << status.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" << std::flush;
}

Json JsonProgress::vertex_json(builder::VertexId id) {
  const auto& vertex = vertices_[id];
  Json json = {{"digest", digest_of(id, vertex.name)}, {"name", vertex.name}};
  if (!vertex.started.empty()) json["started"] = vertex.started;
  if (vertex.cached) json["cached"] = true;
  return json;
}

void JsonProgress::announce(const builder::VertexInfo& info) {
  vertices_[info.id].name = info.name;
  write("vertexes", vertex_json(info.id));
}

void JsonProgress::on(const event::PlanReady& event) {
  for (const auto& info : event.vertices) announce(info);
}

void JsonProgress::on(const event::VertexAdded& event) { announce(event.vertex); }

void JsonProgress::on(const event::StepStarted& event) {
  vertices_[event.id].started = time();
  write("vertexes", vertex_json(event.id));
}

void JsonProgress::on(const event::StepLog& event) {
  write("logs", {{"vertex", digest_of(event.id, vertices_[event.id].name)},
                 {"stream", event.is_stderr ? 2 : 1},
                 {"data", base::encode_base64(event.bytes)},
                 {"timestamp", time()}});
}

void JsonProgress::on(const event::StepCached& event) {
  auto& vertex = vertices_[event.id];
  vertex.cached = true;
  if (vertex.started.empty()) vertex.started = time();
  end_vertex(event.id, "");
}

void JsonProgress::on(const event::StepMissed& event) { note(event.id, "why: " + event.why); }

/// A cached step is told to be done as well, which is no news.
void JsonProgress::on(const event::StepDone& event) {
  if (!vertices_[event.id].cached) end_vertex(event.id, "");
}

void JsonProgress::on(const event::StepFailed& event) {
  end_vertex(event.id, event.cancelled ? "context canceled" : event.message);
}

void JsonProgress::end_vertex(builder::VertexId id, const std::string& error) {
  Json json = vertex_json(id);
  json["completed"] = time();
  if (!error.empty()) json["error"] = error;
  write("vertexes", json);
}

void JsonProgress::on(const event::TransferProgress& event) {
  auto& vertex = vertices_[event.id];
  const std::string now = time();
  const auto& started = vertex.transfers.try_emplace(event.what, now).first->second;
  Json json = {{"id", event.what}, {"vertex", digest_of(event.id, vertex.name)}};
  if (event.total_bytes > 0) json["total"] = event.total_bytes;
  json["current"] = event.done_bytes;
  json["timestamp"] = now;
  json["started"] = started;
  if (event.total_bytes > 0 && event.done_bytes >= event.total_bytes) json["completed"] = now;
  write("statuses", json);
}

void JsonProgress::on(const event::StepNote& event) { note(event.id, event.text); }

void JsonProgress::note(builder::VertexId id, const std::string& text) {
  const std::string now = time();
  write("statuses", {{"id", text},
                     {"vertex", digest_of(id, vertices_[id].name)},
                     {"current", 0},
                     {"timestamp", now},
                     {"started", now},
                     {"completed", now}});
}

void JsonProgress::on(const event::WarningRaised& event) {
  const auto& warning = event.warning;
  Json json = {{"level", 1}, {"short", base::encode_base64(warning_line(warning))}};
  if (const auto rule = parser::find_lint_rule(warning.rule)) {
    const std::string description(parser::lint_rule_info(*rule).description);
    json["detail"] = Json::array({base::encode_base64(description)});
  }
  if (!warning.url.empty()) json["url"] = warning.url;
  if (warning.range.known()) json["range"] = location_json(warning.range)["ranges"];
  write("warnings", json);
}

}  // namespace ibuild::cli
