#include "builder/ops/directory_walk.h"

#include <deque>
#include <utility>
#include <vector>

#include "base/error.h"

namespace ibuild::builder {
namespace {

using parser::IgnoreMatcher;

/// So many files are hashed at a time: enough for all processors, and little memory.
constexpr std::size_t kHashedTogether = 8192;
/// So many directories are listed before their turn: looking at files is half of the work.
constexpr std::size_t kListedAhead = 3;
/// For so few no other thread is woken.
constexpr std::size_t kFewDirectories = 4;

/// Lists the directories among some files before they are asked for, in their order, a few at a
/// time.
class ListingsAhead {
 public:
  ListingsAhead(const SourceTree& tree, const std::vector<SourceFile>& files) : tree_(tree) {
    for (const auto& file : files) {
      if (file.is_directory()) coming_.push_back(file.path());
    }
    ahead_ = coming_.size() > kFewDirectories ? kListedAhead : 0;
  }
  /// What is being listed refers to the tree.
  ~ListingsAhead() {
    drop_current();
    if (ahead_ == 0) return;
    for (auto& listing : listings_) listing.wait();
  }
  ListingsAhead(const ListingsAhead&) = delete;
  ListingsAhead& operator=(const ListingsAhead&) = delete;

  /// The next directory's. It need not be asked for what it holds.
  SourceTree::Listing& next() {
    drop_current();
    while (!coming_.empty() && listings_.size() <= ahead_) {
      const auto& path = coming_.front();
      listings_.push_back(ahead_ > 0 ? tree_.list_soon(path) : tree_.SourceTree::list_soon(path));
      coming_.pop_front();
    }
    current_ = std::move(listings_.front());
    listings_.pop_front();
    return current_;
  }

 private:
  void drop_current() {
    if (current_.valid() && ahead_ > 0) current_.wait();
  }

  const SourceTree& tree_;
  std::size_t ahead_ = 0;
  std::deque<base::RelPath> coming_;
  std::deque<SourceTree::Listing> listings_;
  SourceTree::Listing current_;
};

/// Gathers what a directory brings.
class DirectoryWalk {
 public:
  DirectoryWalk(const SourceTree& tree, base::RelPath root, const WalkPatterns& patterns,
                std::stop_token stop)
      : tree_(tree), root_(std::move(root)), patterns_(patterns), stop_(std::move(stop)) {}

  SelectedEntries walk() {
    descend(tree_.children(root_), nullptr);
    settle();
    return std::move(entries_);
  }

 private:
  struct Verdicts {
    IgnoreMatcher::Verdict include;
    IgnoreMatcher::Verdict exclude;
  };

  /// `above` is what the directory that holds them was judged; null for the root.
  void descend(std::vector<SourceFile> children, const Verdicts* above) {
    if (stop_.stop_requested()) throw base::CancelledError();
    ListingsAhead listings(tree_, children);
    for (auto& child : children) {
      const auto below = path_below(root_, child.path());
      Verdicts verdicts;
      bool picked = true;
      if (patterns_.includes) {
        verdicts.include =
            patterns_.includes->match_with_parent(below, above ? &above->include : nullptr);
        picked = verdicts.include.excluded;
      }
      if (patterns_.excludes) {
        verdicts.exclude =
            patterns_.excludes->match_with_parent(below, above ? &above->exclude : nullptr);
      }
      take(std::move(child), picked, verdicts, listings);
    }
  }

  void take(SourceFile child, bool included, const Verdicts& verdicts, ListingsAhead& listings) {
    const bool excluded = verdicts.exclude.excluded;
    const bool picked = included && !excluded;
    const bool is_directory = child.is_directory();
    SourceTree::Listing* const listing = is_directory ? &listings.next() : nullptr;
    if (!picked && !is_directory) return;
    if (!picked && excluded && !patterns_.excludes->has_exceptions()) return;
    if (!picked && !excluded && !patterns_.includes) return;
    const std::size_t place = count();
    if (latest_.size() == kHashedTogether) settle();
    latest_.push_back({std::move(child), picked});
    if (is_directory) descend(listing->get(), &verdicts);
    if (!picked && count() == place + 1) latest_.pop_back();  // nothing in it either
  }

  std::size_t count() const { return entries_.size() + latest_.size(); }

  /// Brings the latest entries to the others, with their digests.
  void settle() {
    std::vector<SourceFile*> files;
    for (auto& entry : latest_) {
      if (entry.file.is_file()) files.push_back(&entry.file);
    }
    tree_.digest_files(files, stop_);
    for (const auto& entry : latest_) entries_.add(entry);
    latest_.clear();
  }

  const SourceTree& tree_;
  base::RelPath root_;
  const WalkPatterns& patterns_;
  std::stop_token stop_;
  SelectedEntries entries_;
  std::vector<SelectedEntry> latest_;
};

}  // namespace

SelectedEntries walk_directory(const SourceTree& tree, const base::RelPath& root,
                               const WalkPatterns& patterns, std::stop_token stop) {
  return DirectoryWalk(tree, root, patterns, std::move(stop)).walk();
}

std::string_view path_below(const base::RelPath& root, const base::RelPath& path) {
  const std::string_view text = path.str();
  return root.is_root() ? text : text.substr(root.str().size() + 1);
}

}  // namespace ibuild::builder
