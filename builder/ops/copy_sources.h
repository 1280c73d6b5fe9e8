#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "builder/git/git_checkout.h"
#include "builder/ops/copy_selection.h"
#include "builder/ops/op_runner.h"
#include "builder/tree/context_tree.h"
#include "builder/tree/file_digest_cache.h"
#include "builder/tree/url_tree.h"

namespace ibuild::builder {

/// What a COPY or ADD reads: files of the context, a stage or an image, files by URL, git
/// repositories; all but the heredocs. Each is brought here only when somebody asks for it. Not for
/// several threads at once. Throws: parser::DockerfileError at the instruction;
/// base::CancelledError.
class CopySources {
 public:
  /// References outlive this.
  CopySources(const CopyOp& op, const StepInput& input) : op_(op), input_(input) {}

  /// Adds what tells the sources from others at the least cost: a stage by its layers, a repository
  /// by its commit, a file with a checksum without fetching it.
  void add_quick(StepKey& key);
  /// Whether the content of the files says more than that.
  bool has_content_key() const;
  /// Adds the content of all files.
  void add_content(StepKey& key);

  /// Everything, in the order as written.
  const std::vector<SelectedSource>& all();
  /// Gives the memory of the list back, once nothing refers to it: it is long where there are many
  /// files.
  void forget();
  /// Whether an archive of this name is to be unpacked.
  bool wants_unpacked(const SelectedSource& source) const;

 private:
  const SourceTree& main_tree();
  const std::vector<SelectedSource>& local();
  std::vector<SelectedSource> select_local();
  SelectedSource fetch(const UrlSource& source);
  SourceFile expected(const UrlSource& source);
  GitCommit resolve(const parser::GitReference& reference);
  SelectedSource check_out(const parser::GitReference& reference);
  RemoteFile fetch_file(const UrlSource& source);

  const CopyOp& op_;
  const StepInput& input_;
  std::unique_ptr<SourceTree> stage_;                 // unless it is the context
  std::optional<std::vector<SelectedSource>> local_;  // until all_ is there
  std::optional<std::vector<SelectedSource>> all_;
  // What the selection refers to:
  std::deque<UrlTree> urls_;
  std::deque<GitCheckout> checkouts_;
  std::deque<FileDigestCache> digests_;
  std::deque<ContextTree> repositories_;
};

}  // namespace ibuild::builder
