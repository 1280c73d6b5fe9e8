#include "builder/ops/copy_selection.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "builder/tree/context_tree.h"
#include "parser/ignore_matcher.h"

namespace ibuild::builder {
namespace {

using parser::IgnoreMatcher;

std::optional<IgnoreMatcher> matcher_of(const std::vector<std::string>& patterns) {
  if (patterns.empty()) return std::nullopt;
  return IgnoreMatcher(patterns);
}

/// A path of a COPY, taken apart.
struct SourcePath {
  base::RelPath path;                  // may hold wildcards
  std::optional<std::string> pattern;  // --parents: what is picked below it
};

SourcePath take_apart(const std::string& written, bool parents) {
  if (!parents) return {base::RelPath::clean(written), std::nullopt};
  std::string root;
  std::string pattern = written;
  if (const auto pivot = written.find("/./"); pivot != std::string::npos) {
    root = written.substr(0, pivot);
    pattern = written.substr(pivot + 3);
  }
  const auto clean = base::RelPath::clean(pattern);
  if (clean.is_root()) {
    throw base::UsageError("\"" + base::printable(written) +
                           "\": not found: --parents needs a path below the root of its source");
  }
  return {base::RelPath::clean(root), clean.str()};
}

[[noreturn]] void throw_missing(const SourceTree& tree, const base::RelPath& path) {
  std::string message =
      "\"" + base::printable(path.absolute()) + "\": not found in " + tree.shown_as();
  const auto* context = dynamic_cast<const ContextTree*>(&tree);
  const bool hidden = context != nullptr && context->hides(path);
  if (hidden) message += " (it is there, but the ignore file leaves it out)";
  throw base::UsageError(message);
}

/// The paths that a path with wildcards means, each segment matched by itself; links are not
/// followed for it.
class WildcardWalk {
 public:
  WildcardWalk(const SourceTree& tree, const base::RelPath& path) : tree_(tree) {
    const auto parts = path.components();
    std::size_t first = 0;
    while (first < parts.size() && !parser::has_wildcard(parts[first]))
      start_ = start_.join(parts[first++]);
    for (; first < parts.size(); ++first) segments_.emplace_back(parts[first]);
  }

  std::vector<base::RelPath> matches() {
    if (segments_.empty()) return {start_};
    const auto start = resolve(tree_, start_, /*follow_last=*/true);
    if (!start) throw_missing(tree_, start_);
    if (start->is_directory()) descend(start->path(), 0);
    return std::move(found_);
  }

 private:
  void descend(const base::RelPath& directory, std::size_t segment) {
    for (const auto& child : tree_.children(directory)) {
      if (!parser::go_match(segments_[segment], child.path().name())) continue;
      if (segment + 1 == segments_.size()) {
        found_.push_back(child.path());
      } else if (child.is_directory()) {
        descend(child.path(), segment + 1);
      }
    }
  }

  const SourceTree& tree_;
  base::RelPath start_;
  std::vector<std::string> segments_;
  std::vector<base::RelPath> found_;
};

/// `path` without its beginning `root`.
std::string_view path_below(const base::RelPath& root, const base::RelPath& path) {
  const std::string_view text = path.str();
  return root.is_root() ? text : text.substr(root.str().size() + 1);
}

/// So many files are hashed at a time: enough for all processors, and little memory.
constexpr std::size_t kHashedTogether = 8192;

/// Gathers what a directory brings.
class DirectoryWalk {
 public:
  DirectoryWalk(const SourceTree& tree, const std::optional<IgnoreMatcher>& includes,
                const std::optional<IgnoreMatcher>& excludes, std::stop_token stop)
      : tree_(tree), includes_(includes), excludes_(excludes), stop_(std::move(stop)) {}
  /// Everything.
  DirectoryWalk(const SourceTree& tree, std::stop_token stop)
      : DirectoryWalk(tree, kNone, kNone, std::move(stop)) {}

  SelectedEntries walk(const SourceFile& root) {
    root_ = root.path();
    descend(root_, nullptr);
    settle();
    return std::move(entries_);
  }

 private:
  static inline const std::optional<IgnoreMatcher> kNone;
  struct Verdicts {
    IgnoreMatcher::Verdict include;
    IgnoreMatcher::Verdict exclude;
  };

  /// `above` is what `directory` was judged; null for the root.
  void descend(const base::RelPath& directory, const Verdicts* above) {
    if (stop_.stop_requested()) throw base::CancelledError();
    for (auto& child : tree_.children(directory)) {
      const auto below = path_below(root_, child.path());
      Verdicts verdicts;
      bool picked = true;
      if (includes_) {
        verdicts.include = includes_->match_with_parent(below, above ? &above->include : nullptr);
        picked = verdicts.include.excluded;
      }
      if (excludes_)
        verdicts.exclude = excludes_->match_with_parent(below, above ? &above->exclude : nullptr);
      const bool excluded = verdicts.exclude.excluded;
      take(std::move(child), picked && !excluded, excluded, verdicts);
    }
  }

  void take(SourceFile child, bool picked, bool excluded, const Verdicts& verdicts) {
    const bool is_directory = child.is_directory();
    if (!picked && !is_directory) return;
    if (!picked && excluded && !excludes_->has_exceptions()) return;
    if (!picked && !excluded && !includes_) return;
    const std::size_t place = count();
    const base::RelPath path = is_directory ? child.path() : base::RelPath();
    if (latest_.size() == kHashedTogether) settle();
    latest_.push_back({std::move(child), picked});
    if (is_directory) descend(path, &verdicts);
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
  const std::optional<IgnoreMatcher>& includes_;
  const std::optional<IgnoreMatcher>& excludes_;
  std::stop_token stop_;
  base::RelPath root_;
  SelectedEntries entries_;
  std::vector<SelectedEntry> latest_;
};

/// What --parents names without wildcards has to be there: no link is followed to it, and it must
/// not be excluded.
void check_required(const SourceTree& tree, const SourcePath& source,
                    const SelectedEntries& found) {
  if (!source.pattern || !found.empty()) return;
  const auto wanted = source.path.join(*source.pattern);
  if (!parser::has_wildcard(wanted.str())) throw_missing(tree, wanted);
}

/// With --exclude or --parents BuildKit looks where the links in the root of a tree lead, although
/// it copies them as they are: one that leads nowhere is an error.
void check_links_in_root(const SourceTree& tree, const SelectedSource& source) {
  if (!source.root.path().is_root()) return;
  for (const auto& entry : source.entries) {
    const auto& path = entry.file.path();
    if (!entry.picked || !entry.file.is_symlink() || !path.parent().is_root()) continue;
    if (!resolve(tree, path, /*follow_last=*/true)) throw_missing(tree, path);
  }
}

/// Of the sources that are files; those in directories have their digests.
void fill_in_digests(std::span<SelectedSource> sources, const SourceTree& tree,
                     std::stop_token stop) {
  std::vector<SourceFile*> files;
  for (auto& source : sources) {
    if (source.root.is_file()) files.push_back(&source.root);
  }
  tree.digest_files(files, std::move(stop));
}

}  // namespace

std::string_view SelectedSource::below(const SelectedEntry& entry) const {
  return path_below(root.path(), entry.file.path());
}

std::vector<SelectedSource> select_sources(const CopyOp& op, const SourceTree& tree,
                                           std::stop_token stop) {
  std::vector<SelectedSource> sources;
  const auto excludes = matcher_of(op.excludes);
  for (std::size_t i = 0; i < op.paths.size(); ++i) {
    if (!op.paths[i].is_local()) continue;
    const SourcePath source_path = take_apart(op.paths[i].text, op.parents);
    const auto includes =
        source_path.pattern ? matcher_of({*source_path.pattern}) : std::optional<IgnoreMatcher>();
    for (const auto& match : WildcardWalk(tree, source_path.path).matches()) {
      auto root = resolve(tree, match, /*follow_last=*/true);
      if (!root) throw_missing(tree, match);
      SelectedSource source{&tree, std::move(*root), std::string(match.name()), {}, i};
      if (source.root.is_directory())
        source.entries = DirectoryWalk(tree, includes, excludes, stop).walk(source.root);
      check_required(tree, source_path, source.entries);
      if (includes || excludes) check_links_in_root(tree, source);
      sources.push_back(std::move(source));
    }
  }
  fill_in_digests(sources, tree, std::move(stop));
  return sources;
}

SelectedSource select_all(const CopyOp& op, const SourceTree& tree, std::stop_token stop) {
  SelectedSource source;
  source.tree = &tree;
  source.root = tree.lookup({}).value();
  const std::optional<IgnoreMatcher> includes;
  const auto excludes = matcher_of(op.excludes);
  source.entries = DirectoryWalk(tree, includes, excludes, std::move(stop)).walk(source.root);
  return source;
}

SelectedSource select_path(const SourceTree& tree, const base::RelPath& path,
                           std::stop_token stop) {
  auto root = resolve(tree, path, /*follow_last=*/true);
  if (!root) throw_missing(tree, path);
  SelectedSource source{&tree, std::move(*root), std::string(path.name()), {}, 0};
  if (source.root.is_directory()) source.entries = DirectoryWalk(tree, stop).walk(source.root);
  fill_in_digests(std::span(&source, 1), tree, std::move(stop));
  return source;
}

std::string fingerprint(const SourceFile& file) {
  static constexpr std::array<const char*, 9> kTypes = {
      "file", "dir", "link", "hardlink", "char", "block", "fifo", "whiteout", "opaque"};
  const auto& entry = file.entry;
  std::string text = fmt::format("{} {:04o} {}:{}", kTypes.at(static_cast<std::size_t>(entry.type)),
                                 entry.mode, entry.uid, entry.gid);
  if (file.is_file()) text += " " + entry.content.value().str();
  if (file.is_symlink()) text += " " + entry.link_target;
  if (entry.device_major != 0 || entry.device_minor != 0) {
    text += fmt::format(" {}:{}", entry.device_major, entry.device_minor);
  }
  for (const auto& xattr : entry.xattrs)
    text += " " + xattr.name + "=" + base::sha256_of(xattr.value).str();
  return text;
}

base::Digest selection_digest(std::span<const SelectedSource> sources) {
  base::Sha256 hash;
  const auto put = [&](std::string_view text) {
    hash.update(std::to_string(text.size()) + ":");
    hash.update(text);
  };
  for (const auto& source : sources) {
    // A directory's own mode and owner do not reach the destination.
    put(source.root.is_directory() ? "directory" : source.name);
    if (!source.root.is_directory()) put(fingerprint(source.root));
    std::map<LinkKey, std::size_t> first_names;
    for (std::size_t i = 0; i < source.entries.size(); ++i) {
      const SelectedEntry entry = source.entries[i];
      put(source.below(entry));
      put(entry.picked ? "picked" : "on the way");
      put(fingerprint(entry.file));
      if (!entry.file.link) continue;
      const auto [first, is_new] = first_names.emplace(*entry.file.link, i);
      if (!is_new) put("linked to " + std::to_string(first->second));
    }
  }
  return hash.finish();
}

}  // namespace ibuild::builder
