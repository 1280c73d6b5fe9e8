#include "builder/attest/image_sources.h"

#include <utility>
#include <variant>

#include "base/text.h"
#include "builder/attest/package_url.h"
#include "builder/git/git_source.h"
#include "parser/url_text.h"

namespace ibuild::builder {

namespace {

std::string git_url(const parser::GitReference& reference) {
  return make_git_remote(reference.fetch_url(), {}).url;
}

/// Gathers what steps and the request name, each kind sorted.
class Collector {
 public:
  Collector(const BuildRequest& request, const Services& services, std::stop_token stop)
      : request_(request), services_(services), stop_(std::move(stop)) {}

  void add_dockerfile() {
    const auto& origin = request_.origin;
    if (!origin.dockerfile_url.empty()) {
      const auto digest = base::sha256_of(request_.dockerfile);
      files_.insert(
          {without_credentials(origin.dockerfile_url), "sha256", std::string(digest.hex())});
    } else if (origin.local_dockerfile) {
      sources_.locals.insert("dockerfile");
      // Its ignore file is read there, whatever steps take.
      if (!origin.context && request_.context_dir) sources_.locals.insert("context");
    } else {
      add_own_context();
    }
  }

  void add(const Step& step) {
    std::visit([&](const auto& op) { add_op(op, step); }, step.op);
  }

  ImageSources take() {
    for (auto* kind : {&images_, &repositories_, &files_})
      sources_.artifacts.insert(sources_.artifacts.end(), kind->begin(), kind->end());
    return std::move(sources_);
  }

 private:
  void add_op(const BaseOp& op, const Step& step) {
    const auto& image = *op.image;
    const auto& digest = image.top.empty() ? image.digest : image.top;
    images_.insert(
        {image_package_url(image.in_layout ? "oci" : "docker", image.reference, step.platform),
         std::string(digest.algorithm()), std::string(digest.hex())});
  }
  void add_op(const WorkdirOp&, const Step&) {}
  void add_op(const CopyOp& op, const Step&) {
    bool any_local = false;
    for (const auto& path : op.paths) {
      any_local = any_local || path.is_local();
      if (const auto* url = std::get_if<UrlSource>(&path.remote)) add_url(url->url, url->checksum);
      if (const auto* git = std::get_if<parser::GitReference>(&path.remote)) add_git(*git);
    }
    if (any_local) add_context(op.from);
  }
  void add_op(const RunOp& op, const Step&) {
    if (op.network != "none") sources_.uses_network = true;
    for (const auto& mount : op.mounts) {
      using Type = parser::MountType;
      if (mount.type == Type::secret) sources_.secrets.insert({mount.id, !mount.required});
      if (mount.type == Type::ssh) sources_.ssh.insert({mount.id, !mount.required});
      if (mount.type == Type::bind || (mount.type == Type::cache && mount.has_base))
        add_context(mount.from);
    }
  }

  void add_context(const FileSource& from) {
    const auto* context = std::get_if<ContextRef>(&from);
    if (context == nullptr) return;
    if (context->name.empty()) return add_own_context();
    add_spec(request_.contexts.at(context->name), context->name);
  }
  void add_own_context() {
    if (request_.origin.context) return add_spec(*request_.origin.context, "");
    sources_.locals.insert("context");
  }
  /// `name` of a named context.
  void add_spec(const ContextSpec& spec, const std::string& name) {
    SourceArtifact added;
    if (const auto* git = std::get_if<GitContext>(&spec)) {
      added = add_git(git->reference);
    } else if (const auto* url = std::get_if<UrlContext>(&spec)) {
      added = add_url(url->url, std::nullopt);
    } else {
      sources_.locals.insert(name.empty() ? "context" : name);
    }
    if (name.empty()) sources_.context = std::move(added);
  }

  SourceArtifact add_git(const parser::GitReference& reference) {
    SourceArtifact artifact{.uri = git_url(reference), .algorithm = {}, .hex = {}};
    if (!reference.ref.empty()) artifact.uri += "#" + reference.ref;
    artifact.hex = services_.git->resolve(reference, stop_).commit;
    artifact.algorithm = artifact.hex.size() == 64 ? "sha256" : "sha1";
    repositories_.insert(artifact);
    if (!reference.subdir.empty())
      artifact.uri += (reference.ref.empty() ? "#:" : ":") + reference.subdir;
    return artifact;
  }
  SourceArtifact add_url(const std::string& url, const std::optional<base::Digest>& checksum) {
    const auto digest =
        checksum ? *checksum : services_.files->fetch({.url = url, .checksum = {}}, stop_).digest;
    SourceArtifact artifact{without_credentials(url), std::string(digest.algorithm()),
                            std::string(digest.hex())};
    files_.insert(artifact);
    return artifact;
  }

  const BuildRequest& request_;
  const Services& services_;
  std::stop_token stop_;
  std::set<SourceArtifact> images_;
  std::set<SourceArtifact> repositories_;
  std::set<SourceArtifact> files_;
  ImageSources sources_;
};

}  // namespace

std::vector<const Step*> steps_of(const PlannedImage& image, const BuildPlan& plan) {
  std::vector<bool> needed(plan.steps.size());
  if (image.tip) needed[*image.tip] = true;
  // Each step comes after those that it needs.
  for (std::size_t i = plan.steps.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (const auto dependency : plan.steps[i].dependencies()) needed[dependency] = true;
  }
  std::vector<const Step*> steps;
  for (const auto& step : plan.steps) {
    if (needed[step.id]) steps.push_back(&step);
  }
  return steps;
}

ImageSources find_image_sources(const std::vector<const Step*>& steps, const BuildRequest& request,
                                const Services& services, std::stop_token stop) {
  Collector collector(request, services, std::move(stop));
  collector.add_dockerfile();
  for (const auto* step : steps) collector.add(*step);
  return collector.take();
}

std::string without_credentials(const std::string& url) {
  const auto parts = parser::split_url(url);
  const auto at = parts.authority.rfind('@');
  if (parts.scheme.empty() || at == std::string::npos) return url;
  const auto authority = url.find(parts.authority, parts.scheme.size());
  return url.substr(0, authority) + url.substr(authority + at + 1);
}

}  // namespace ibuild::builder
