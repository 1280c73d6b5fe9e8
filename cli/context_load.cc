#include "cli/context_load.h"

#include <unistd.h>

#include <limits>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "builder/git/git_remote.h"
#include "builder/vertex_watch.h"
#include "cli/dockerfile_input.h"
#include "parser/url_text.h"

namespace ibuild::cli {

namespace {

/// Not one of the builder's.
constexpr builder::VertexId kContextVertex = std::numeric_limits<builder::VertexId>::max() - 1;

/// Without what may be secret in it.
std::string shown_url(const std::string& url) {
  const auto parts = parser::split_url(url);
  const auto at = parts.authority.rfind('@');
  const auto host = at == std::string::npos ? parts.authority : parts.authority.substr(at + 1);
  return parts.scheme + "://" + host + parts.path;
}

struct Describer {
  std::string operator()(const builder::StdinContext&) const {
    return "build context from standard input";
  }
  std::string operator()(const builder::GitContext& context) const {
    const auto& reference = context.reference;
    std::string text = "git source " + builder::make_git_remote(reference.fetch_url(), {}).url;
    if (!reference.ref.empty() || !reference.subdir.empty()) text += "#" + reference.ref;
    return reference.subdir.empty() ? text : text + ":" + reference.subdir;
  }
  std::string operator()(const builder::UrlContext& context) const {
    return "remote build context " + shown_url(context.url);
  }
  template <typename Other>
  std::string operator()(const Other&) const {
    return "build context";
  }
};

}  // namespace

builder::ResolvedContext load_context(const builder::ContextSpec& spec,
                                      const builder::ContextServices& services,
                                      builder::EventSink& events, std::stop_token stop) {
  if (std::holds_alternative<builder::StdinContext>(spec) && isatty(STDIN_FILENO) == 1) {
    throw base::UsageError(
        "the context - is read from standard input, which is a terminal: redirect a tar or a "
        "Dockerfile");
  }
  builder::VertexWatch watch(events, kContextVertex,
                             "[internal] load " + std::visit(Describer{}, spec));
  auto observed = services;
  observed.observer = [&](std::uint64_t done, std::uint64_t total) {
    events.emit(builder::event::TransferProgress{watch.id(), "context", done, total});
  };
  std::optional<builder::ResolvedContext> context;
  watch.run([&] { context.emplace(builder::resolve_context(spec, observed, std::move(stop))); });
  return *std::move(context);
}

void take_origin(const builder::ContextSpec& spec, const std::string& file,
                 builder::BuildRequest& request) {
  auto& origin = request.origin;
  const bool by_url = is_http_url(file);
  const bool is_remote = std::holds_alternative<builder::GitContext>(spec) ||
                         std::holds_alternative<builder::UrlContext>(spec);
  if (is_remote) origin.context = spec;
  if (by_url) origin.dockerfile_url = file;
  // A path beside a context from elsewhere is one inside of it, but for an absolute one.
  origin.local_dockerfile = !by_url && (!is_remote || file == "-" || file.starts_with('/'));
  const bool is_inside = is_remote && !by_url && !origin.local_dockerfile;
  origin.dockerfile_path = is_inside && !file.empty() ? file : request.dockerfile_name;
}

void take_context(const builder::ResolvedContext& context, builder::BuildRequest& request) {
  request.context_dir = context.directory;
  if (context.directory.empty()) request.context_dir.reset();
  if (context.unpacked || context.checkout)
    request.context_life = builder::BuildRequest::ContextLife::this_build;
  request.context_time = context.time;
  request.context_owners = context.owners;
}

}  // namespace ibuild::cli
