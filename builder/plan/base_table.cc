#include "builder/plan/base_table.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/vertex_watch.h"
#include "image/short_name.h"

namespace ibuild::builder {
namespace {

/// Names that a misspelt base may have meant, besides the stages of the file.
const std::vector<std::string>& common_images() {
  static const std::vector<std::string> names = {
      "alpine", "busybox", "debian",   "fedora", "golang", "httpd", "java", "mysql", "nginx",
      "node",   "php",     "postgres", "python", "redis",  "ruby",  "rust", "ubuntu"};
  return names;
}

struct Task {
  ImageRequest request;
  const StageGraph* graph = nullptr;  // one that needs it
  parser::SourceRange range;
  std::optional<BaseImage> image;
  std::exception_ptr failure;
};

std::string source_names(const Services& services) {
  std::vector<std::string> names;
  for (const auto* source : services.image_sources) names.push_back(source->name());
  return names.empty() ? "no image source" : base::join(names, ", ");
}

/// The stage or well-known image that a misspelt base may have meant.
std::optional<std::string> nearest_name(const image::Reference& reference,
                                        std::vector<std::string> candidates) {
  std::string familiar = reference.familiar();
  if (const auto colon = familiar.find_first_of(":@"); colon != std::string::npos)
    familiar.resize(colon);
  auto nearest = base::nearest_word(familiar, candidates);
  return nearest && *nearest != familiar ? nearest : std::nullopt;
}

[[noreturn]] void throw_not_found(const Task& task, const BuildRequest& request,
                                  const Services& services) {
  const auto& reference = task.request.reference;
  const bool is_forbidden = request.pull == PullPolicy::never;
  std::string message =
      reference.str() +
      (is_forbidden ? ": not in the local store, and --pull=never forbids asking its registry"
                    : ": not found (asked: " + source_names(services) + ")");
  auto candidates = task.graph->stage_names_for(task.range);
  candidates.insert(candidates.end(), common_images().begin(), common_images().end());
  if (const auto nearest = nearest_name(reference, std::move(candidates)))
    message += " (did you mean " + *nearest + "?)";
  parser::DockerfileError error("image-not-found", task.range, std::move(message));
  if (is_forbidden) {
    error.set_hint(
        "build without --pull=never, or bring the image into the store before: `ibuild pull " +
        reference.familiar() + "`");
  }
  throw error;
}

/// What a source throws, at the place that names the image, and with a stage that may have been
/// meant; the error itself is nested in it. Only while it is being handled.
[[noreturn]] void throw_at_place(const base::Error& error, const Task& task) {
  parser::DockerfileError placed("image-not-loaded", task.range, error.what());
  std::string hint = error.hint();
  if (const auto stage =
          nearest_name(task.request.reference, task.graph->stage_names_for(task.range))) {
    hint += (hint.empty() ? "" : "; ") + ("did you mean the stage " + *stage + "?");
  }
  placed.set_hint(std::move(hint));
  std::throw_with_nested(std::move(placed));
}

std::optional<BaseImage> try_load(ImageSource& source, const Task& task,
                                  const BuildRequest& request, std::stop_token stop) {
  const auto& wanted = task.request;
  try {
    return source.try_load(wanted.reference, wanted.platform, request.pull, stop);
  } catch (const base::CancelledError&) {
    throw;
  } catch (const base::Error& error) {
    throw_at_place(error, task);
  }
}

std::string vertex_name(const ImageRequest& wanted, const BuildRequest& request) {
  const bool names_platform = result_shape(request) == ResultShape::index;
  return "[" + (names_platform ? wanted.platform.str_with_version() + " " : "") +
         "internal] load metadata for " + wanted.reference.str();
}

void load(Task& task, const BuildRequest& request, const Services& services,
          VertexNumbers& vertices, std::stop_token stop) {
  const auto& wanted = task.request;
  VertexWatch watch(services.events, vertices.next(), vertex_name(wanted, request));
  watch.run([&] {
    if (wanted.layout) {
      const auto layout = services.open_layout(*wanted.layout);
      task.image = layout->try_load(wanted.reference, wanted.platform, request.pull, stop);
      if (task.image) task.image->in_layout = true;
      return;
    }
    for (auto* source : services.image_sources) {
      if (stop.stop_requested()) throw base::CancelledError();
      task.image = try_load(*source, task, request, stop);
      if (!task.image) continue;
      for (const auto& remark : task.image->remarks) watch.note(remark);
      return;
    }
    throw_not_found(task, request, services);
  });
}

/// Works on all tasks, at most kAtOnce side by side; a lone one stays with this thread.
void run_tasks(std::vector<Task>& tasks, const std::function<void(Task&)>& work) {
  constexpr std::size_t kAtOnce = 8;  // requests to one registry should not come in crowds
  std::atomic<std::size_t> next{0};
  const auto drain = [&] {
    for (std::size_t i = next.fetch_add(1); i < tasks.size(); i = next.fetch_add(1)) {
      try {
        work(tasks[i]);
      } catch (...) {
        tasks[i].failure = std::current_exception();
      }
    }
  };
  std::vector<std::jthread> helpers;
  for (std::size_t i = 1; i < std::min(tasks.size(), kAtOnce); ++i) helpers.emplace_back(drain);
  drain();
}

}  // namespace

ImageRequest with_found_name(const ImageRequest& request, const BaseImage& found) {
  ImageRequest named = request;
  if (!image::is_short_name(request.reference)) return named;
  named.reference.domain = found.reference.domain;
  named.reference.path = found.reference.path;
  return named;
}

void resolve_bases(const std::vector<PlatformTarget>& targets, const BuildRequest& request,
                   const Services& services, VertexNumbers& vertices, std::stop_token stop,
                   BaseTable& table) {
  std::vector<Task> tasks;
  std::set<ImageRequest> wanted;
  for (const auto& target : targets) {
    for (const auto& [image, range] : target.graph.needed_images()) {
      if (!table.contains(image) && wanted.insert(image).second)
        tasks.push_back({image, &target.graph, range, std::nullopt, nullptr});
    }
  }
  run_tasks(tasks, [&](Task& task) { load(task, request, services, vertices, stop); });
  for (auto& task : tasks) {
    if (task.failure) std::rethrow_exception(task.failure);
    table.emplace(std::move(task.request), std::move(*task.image));
  }
}

bool add_onbuild_triggers(StageGraph& graph, const BaseTable& table) {
  bool added = false;
  for (const StageIndex stage : graph.reachable()) {
    const auto& node = graph.stages()[stage];
    if (node.triggers_added) continue;
    std::vector<std::string> expressions;
    if (const auto* base = std::get_if<StageIndex>(&node.base)) {
      expressions = graph.triggers_left_by(*base);
    } else if (const auto* image = std::get_if<ImageRequest>(&node.base)) {
      const auto found = table.find(*image);
      if (found == table.end()) continue;
      expressions = found->second.config.config.on_build;
    }
    graph.add_triggers(stage, expressions);
    added = added || !expressions.empty();
  }
  return added;
}

void resolve_all_bases(std::vector<PlatformTarget>& targets, const BuildRequest& request,
                       const Services& services, VertexNumbers& vertices, std::stop_token stop,
                       BaseTable& table) {
  bool added = true;
  while (std::exchange(added, false)) {
    resolve_bases(targets, request, services, vertices, stop, table);
    for (auto& target : targets) added = add_onbuild_triggers(target.graph, table) || added;
  }
}

}  // namespace ibuild::builder
