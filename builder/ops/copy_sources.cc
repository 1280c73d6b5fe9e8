#include "builder/ops/copy_sources.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "builder/ops/sent_paths.h"
#include "builder/plan/located.h"
#include "builder/tree/layered_tree.h"

namespace ibuild::builder {
namespace {

std::string shown_tree(const TreeRef& tree) {
  return "stage or image \"" + base::printable(tree.shown_as) + "\"";
}

/// What fails while a remote source is brought here fails at the instruction.
template <typename F>
auto fetched(const parser::SourceRange& range, F&& f) -> decltype(f()) {
  try {
    return std::forward<F>(f)();
  } catch (const base::CancelledError&) {
    throw;
  } catch (const base::Error& error) {
    parser::DockerfileError fault("remote-failed", range, error.what());
    fault.set_hint(error.hint());
    throw fault;
  }
}

template <typename Service>
Service& needed(Service* service, const char* what) {
  if (service == nullptr) throw base::Error(std::string(what) + " cannot be had here");
  return *service;
}

}  // namespace

const SourceTree& CopySources::main_tree() {
  if (const auto* context = std::get_if<ContextRef>(&op_.from)) {
    const auto open = [&]() -> const SourceTree& {
      return input_.scope.context.tree(*context, input_.stop);
    };
    return context->name.empty() ? open() : fetched(input_.step.range, open);
  }
  if (!stage_) {
    const auto& tree = std::get<TreeRef>(op_.from);
    const auto chain = input_.chain_of(tree);
    input_.scope.fetch.ensure_indexes(chain, input_.stop);
    stage_ = std::make_unique<LayeredTree>(input_.scope.services.store.layers(), chain,
                                           shown_tree(tree), input_.stop);
  }
  return *stage_;
}

std::vector<SelectedSource> CopySources::select_local() {
  const auto& tree = main_tree();
  auto selected = select_sources(op_, tree, input_.stop);
  const auto* context = std::get_if<ContextRef>(&op_.from);
  if (context != nullptr && is_sent(*context, input_.scope.request))
    refuse_vain_search(op_, tree, selected, input_.scope.plan);
  return selected;
}

const std::vector<SelectedSource>& CopySources::local() {
  const bool any = std::any_of(op_.paths.begin(), op_.paths.end(),
                               [](const CopyPath& path) { return path.is_local(); });
  if (!local_ && !any) local_.emplace();
  if (!local_) {
    local_ = located(
        input_.step.range, [&] { return select_local(); }, "copy-failed");
  }
  return *local_;
}

RemoteFile CopySources::fetch_file(const UrlSource& source) {
  return fetched(input_.step.range, [&] {
    const RemoteFileRequest request{.url = source.url,
                                    .checksum = source.checksum,
                                    .observer = [this](std::uint64_t done, std::uint64_t total) {
                                      input_.scope.services.events.emit(event::TransferProgress{
                                          input_.vertex, "file", done, total});
                                    }};
    return needed(input_.scope.services.files, "files by URL").fetch(request, input_.stop);
  });
}

SourceFile CopySources::expected(const UrlSource& source) {
  const auto name = file_name_of_url(source.url);
  // A checksum by another algorithm is refused with the fetch.
  if (source.checksum && source.checksum->algorithm() == "sha256")
    return UrlTree::expected_file(*source.checksum, name);
  return UrlTree::expected_file(fetch_file(source).digest, name);
}

SelectedSource CopySources::fetch(const UrlSource& source) {
  const auto name = file_name_of_url(source.url);
  const auto& tree = urls_.emplace_back(fetch_file(source), name);
  return {&tree, tree.file(), name, {}, 0};
}

GitCommit CopySources::resolve(const parser::GitReference& reference) {
  return fetched(input_.step.range, [&] {
    return needed(input_.scope.services.git, "git repositories").resolve(reference, input_.stop);
  });
}

SelectedSource CopySources::check_out(const parser::GitReference& reference) {
  const auto& services = input_.scope.services;
  const auto commit = resolve(reference);
  const auto& checkout = checkouts_.emplace_back(fetched(
      input_.step.range, [&] { return services.git->check_out(reference, commit, input_.stop); }));
  // Never saved: these files are gone after the step.
  auto& digests = digests_.emplace_back(services.store.cache_dir("files"));
  const auto& tree = repositories_.emplace_back(
      checkout.root().dup(), parser::IgnoreMatcher(std::vector<std::string>{}),
      ContextTree::Parts{.digests = digests, .pool = services.pool, .shown_as = "the repository"});
  return select_all(op_, tree, input_.stop);
}

void CopySources::add_quick(StepKey& key) {
  if (op_.paths.empty()) return;
  if (const auto* tree = std::get_if<TreeRef>(&op_.from)) {
    key.add("source", input_.result_of_tree(*tree).chain_id.str());
    return;
  }
  if (!local().empty()) key.add("files", selection_digest(local()).str());
  for (std::size_t i = 0; i < op_.paths.size(); ++i) {
    const auto& remote = op_.paths[i].remote;
    const std::string number = std::to_string(i + 1);
    if (const auto* url = std::get_if<UrlSource>(&remote)) {
      const auto file = expected(*url);
      key.add("url " + number, std::string(file.path().name()) + " " + fingerprint(file));
    } else if (const auto* git = std::get_if<parser::GitReference>(&remote)) {
      key.add("git " + number, git_content_name(*git, resolve(*git)));
    }
  }
}

bool CopySources::has_content_key() const {
  const bool from_stage = std::holds_alternative<TreeRef>(op_.from) && !op_.paths.empty();
  return from_stage || std::any_of(op_.paths.begin(), op_.paths.end(), [](const CopyPath& path) {
           return std::holds_alternative<parser::GitReference>(path.remote);
         });
}

void CopySources::add_content(StepKey& key) { key.add("files", selection_digest(all()).str()); }

const std::vector<SelectedSource>& CopySources::all() {
  if (all_) return *all_;
  local();
  auto sources = std::move(*local_);  // there may be very many
  local_.reset();
  for (std::size_t i = 0; i < op_.paths.size(); ++i) {
    const auto& remote = op_.paths[i].remote;
    if (const auto* url = std::get_if<UrlSource>(&remote)) {
      sources.push_back(fetch(*url));
    } else if (const auto* git = std::get_if<parser::GitReference>(&remote)) {
      sources.push_back(check_out(*git));
    } else {
      continue;
    }
    sources.back().order = i;
  }
  std::stable_sort(
      sources.begin(), sources.end(),
      [](const SelectedSource& a, const SelectedSource& b) { return a.order < b.order; });
  return all_.emplace(std::move(sources));
}

void CopySources::forget() {
  local_.reset();
  all_.reset();
}

bool CopySources::wants_unpacked(const SelectedSource& source) const {
  const bool by_url = std::any_of(urls_.begin(), urls_.end(),
                                  [&](const UrlTree& tree) { return source.tree == &tree; });
  return by_url ? op_.unpack_remote : op_.unpack;
}

}  // namespace ibuild::builder
