#include "builder/build_context.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "builder/context/ignore_file.h"
#include "builder/tree/context_tree.h"
#include "builder/tree/layered_tree.h"
#include "builder/tree/url_tree.h"
#include "parser/ignore_matcher.h"

namespace ibuild::builder {

struct BuildContext::Opened {
  std::mutex mutex;  // held while the context is brought here
  std::optional<ResolvedContext> files;
  std::unique_ptr<FileDigestCache> digests;  // of files that are gone after the build; never saved
  std::unique_ptr<SourceTree> tree;

  FileDigestCache& own_digests(const Services& services) {
    digests = std::make_unique<FileDigestCache>(services.store.cache_dir("files"));
    return *digests;
  }
};

BuildContext::BuildContext(const BuildRequest& request, const Services& services)
    : request_(request), services_(services) {}

BuildContext::~BuildContext() = default;

FileDigestCache& BuildContext::lasting_digests() {
  const std::lock_guard lock(mutex_);
  if (!digests_) digests_ = std::make_unique<FileDigestCache>(services_.store.cache_dir("files"));
  return *digests_;
}

std::unique_ptr<SourceTree> BuildContext::open_directory(const Directory& directory,
                                                         FileDigestCache& digests) {
  auto ignore = parser::parse_ignore_file(directory.ignore_file);
  return std::make_unique<ContextTree>(base::DirFd::open(directory.path), std::move(ignore),
                                       ContextTree::Parts{.digests = digests,
                                                          .pool = services_.pool,
                                                          .shown_as = directory.shown_as,
                                                          .owners = directory.owners});
}

void BuildContext::open_own(Opened& context) {
  if (!request_.context_dir) {
    context.tree = std::make_unique<LayeredTree>(services_.store.layers(), layers::LayerChain{},
                                                 "the build context (it is empty)");
    return;
  }
  const bool lasting = request_.context_life == BuildRequest::ContextLife::lasting;
  context.tree = open_directory({.path = *request_.context_dir,
                                 .ignore_file = request_.ignore_file.value_or(""),
                                 .shown_as = "the build context",
                                 .owners = &request_.context_owners},
                                lasting ? lasting_digests() : context.own_digests(services_));
}

void BuildContext::open_named(const std::string& key, Opened& context, std::stop_token stop) {
  if (services_.files == nullptr || services_.git == nullptr)
    throw base::Error("further build contexts cannot be had here");
  const auto& spec = request_.contexts.at(key);
  if (const auto* url = std::get_if<UrlContext>(&spec)) {
    // The file itself, under this name; BuildKit does not look into it.
    auto file = services_.files->fetch({.url = url->url, .checksum = {}}, std::move(stop));
    context.tree = std::make_unique<UrlTree>(std::move(file), "context");
    return;
  }
  const ContextServices services{
      .store = services_.store,
      .files = *services_.files,
      .git = *services_.git,
      .warn = [this](const std::string& message) {
        services_.events.emit(event::WarningRaised{{"", message, "", {}}});
      }};
  const auto& files = context.files.emplace(resolve_context(spec, services, std::move(stop)));
  const std::string shown_as = "the build context " + base::printable(key);
  const auto& directory = files.directory;
  if (files.ignore_files == ResolvedContext::IgnoreFiles::apply) {
    const auto ignore_file = read_context_ignore_file(base::DirFd::open(directory));
    context.tree =
        open_directory({directory, ignore_file.value_or(""), shown_as}, lasting_digests());
    return;
  }
  context.tree = open_directory({directory, "", shown_as}, context.own_digests(services_));
}

const SourceTree& BuildContext::tree(const ContextRef& which, std::stop_token stop) {
  Opened* context = nullptr;
  {
    const std::lock_guard lock(mutex_);
    auto& slot = opened_[which.name];
    if (!slot) slot = std::make_unique<Opened>();
    context = slot.get();
  }
  const std::lock_guard lock(context->mutex);
  if (context->tree) return *context->tree;
  if (which.name.empty()) {
    open_own(*context);
    return *context->tree;
  }
  try {
    open_named(which.name, *context, std::move(stop));
  } catch (const base::CancelledError&) {
    throw;
  } catch (base::Error& error) {
    error.add_context("build context " + base::printable(which.name));
    throw;
  }
  return *context->tree;
}

void BuildContext::save_digests() {
  const std::lock_guard lock(mutex_);
  if (digests_) digests_->save();
}

void BuildContext::take_less_memory() {
  const std::lock_guard lock(mutex_);
  if (digests_) digests_->take_less_memory();
}

}  // namespace ibuild::builder
