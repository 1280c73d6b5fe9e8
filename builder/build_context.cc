#include "builder/build_context.h"

#include "builder/tree/context_tree.h"
#include "builder/tree/layered_tree.h"
#include "parser/ignore_matcher.h"

namespace ibuild::builder {

BuildContext::BuildContext(const BuildRequest& request, const Services& services)
    : request_(request), services_(services) {}

BuildContext::~BuildContext() = default;

const SourceTree& BuildContext::tree() {
  const std::lock_guard lock(mutex_);
  if (tree_) return *tree_;
  if (!request_.context_dir) {
    tree_ = std::make_unique<LayeredTree>(services_.store.layers(), layers::LayerChain{},
                                          "the build context (it is empty)");
    return *tree_;
  }
  const auto patterns = parser::read_ignore_file(request_.ignore_file.value_or(""));
  parser::IgnoreMatcher ignore(patterns);
  digests_ = std::make_unique<FileDigestCache>(services_.store.cache_dir("files"));
  tree_ = std::make_unique<ContextTree>(base::DirFd::open(*request_.context_dir), std::move(ignore),
                                        ContextTree::Parts{*digests_, services_.pool});
  return *tree_;
}

void BuildContext::save_digests() {
  const std::lock_guard lock(mutex_);
  if (digests_) digests_->save();
}

}  // namespace ibuild::builder
