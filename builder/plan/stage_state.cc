#include "builder/plan/stage_state.h"

#include <utility>

#include "base/error.h"
#include "base/rel_path.h"

namespace ibuild::builder {
namespace {

constexpr std::string_view kHistoryComment = "buildkit.dockerfile.v0";

/// The platform that a stage's TARGET… variables speak of; none when it has none.
std::optional<image::Platform> platform_named_by(const EnvList& env) {
  if (const auto whole = env.get("TARGETPLATFORM")) {
    try {
      return image::parse_platform(*whole);
    } catch (const base::UsageError&) {
      // The Dockerfile may set it to anything.
    }
  }
  const auto os = env.get("TARGETOS");
  const auto architecture = env.get("TARGETARCH");
  const auto variant = env.get("TARGETVARIANT");
  if (!os && !architecture && !variant) return std::nullopt;
  image::Platform platform;
  platform.os = os.value_or("");
  platform.architecture = architecture.value_or("");
  platform.variant = variant.value_or("");
  return platform;
}

/// "->arm64" for a stage that runs on one platform and makes something for another.
std::string cross_mark(const image::Platform& from, const EnvList& env) {
  auto named = platform_named_by(env);
  if (!named) return "";
  if (named->os.empty()) named->os = from.os;
  if (named->architecture.empty()) named->architecture = from.architecture;
  const auto to = image::normalize(*std::move(named));
  if (to.os != from.os) return "->" + to.str_with_version();
  if (to.architecture == from.architecture) return "";
  return "->" + to.architecture + (to.variant.empty() ? "" : "/" + to.variant);
}

}  // namespace

void StageState::inherit(StageState base) {
  platform = std::move(base.platform);
  image = std::move(base.image);
  image.config.on_build.clear();
  history = std::move(base.history);
  env = std::move(base.env);
  build_args = std::move(base.build_args);
  tip = base.tip;
  env_handed_on = base.env_handed_on;
  if (base.env_has_changed) apply_image_env();
}

void StageState::apply_image_env() {
  constexpr std::size_t kMax = 10'000'000;
  env_handed_on += image.config.env.size();
  if (env_handed_on > kMax) throw base::UsageError("the stages hand on too many variables");
  for (const auto& text : image.config.env) {
    const auto [name, value] = split_env(text);
    env.set(name, value);
    build_args.note_changed(name);
  }
}

void StageState::adopt_image(const image::ImageConfig& config) {
  image = config;
  image.created.clear();
  image.diff_ids.clear();
  image.history.clear();
  image.config.on_build.clear();
  for (const auto& entry : config.history)
    history.push_back({entry, std::nullopt, /*from_base=*/true});
  if (!image.config.env_value("PATH") && !is_windows())
    image.config.set_env("PATH", image::kDefaultPath);
  apply_image_env();
  if (!image.config.working_dir.empty())
    image.config.working_dir = resolve_workdir(image.config.working_dir);
}

void StageState::start_empty(const image::Platform& for_platform) {
  platform = for_platform;
  image = {};
  image.platform = for_platform;
  image.config.working_dir = "/";
  if (is_windows()) return;
  image.config.set_env("PATH", image::kDefaultPath);
  env.set("PATH", image::kDefaultPath);
}

std::string StageState::next_vertex_prefix(bool is_trigger) {
  if (vertices_total == 0) return "";
  ++vertices_named;
  const std::string total = std::to_string(vertices_total);
  std::string number = std::to_string(vertices_named);
  if (number.size() < total.size()) number.insert(0, total.size() - number.size(), ' ');
  const std::string shown_platform =
      names_platform ? platform.str_with_version() + cross_mark(platform, env) + " " : "";
  return "[" + shown_platform + (shown_name.empty() ? "" : shown_name + " ") + number + "/" +
         total + "] " + (is_trigger ? "ONBUILD " : "");
}

std::string StageState::resolve_workdir(const std::string& path) const {
  if (path.starts_with('/')) return path;
  return base::RelPath::clean(image.config.working_dir + "/" + path).absolute();
}

std::string StageState::working_dir() const {
  return image.config.working_dir.empty() ? "/" : image.config.working_dir;
}

std::vector<std::string> StageState::shell() const {
  if (!image.config.shell.empty()) return image.config.shell;
  if (is_windows()) return {"cmd", "/S", "/C"};
  return {"/bin/sh", "-c"};
}

bool StageState::is_windows() const { return image.platform.os == "windows"; }

void StageState::add_history(std::string created_by, std::optional<StepId> step) {
  PlannedHistory planned;
  planned.entry.created_by = std::move(created_by);
  planned.entry.comment = kHistoryComment;
  planned.entry.empty_layer = !step.has_value();
  planned.step = step;
  history.push_back(std::move(planned));
}

}  // namespace ibuild::builder
