#include "builder/ops/copy_selection.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/hex.h"
#include "base/text.h"
#include "builder/ops/directory_walk.h"
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

/// A path that is there, but for one name that is nearly that of `path`: of the first name that is
/// missing. None when nothing is that near.
std::optional<base::RelPath> nearest_path(const SourceTree& tree, const base::RelPath& path) {
  const auto names = path.components();
  base::RelPath found;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (resolve(tree, found.join(names[i]), /*follow_last=*/true)) {
      found = found.join(names[i]);
      continue;
    }
    const auto directory = resolve(tree, found, /*follow_last=*/true);
    if (!directory || !directory->is_directory()) return std::nullopt;
    std::vector<std::string> children;
    for (const auto& child : tree.children(directory->path()))
      children.emplace_back(child.path().name());
    const auto near = base::nearest_word(names[i], children);
    if (!near) return std::nullopt;
    found = found.join(*near);
    for (++i; i < names.size(); ++i) found = found.join(names[i]);
    return resolve(tree, found, /*follow_last=*/true) ? std::optional(found) : std::nullopt;
  }
  return std::nullopt;
}

[[noreturn]] void throw_missing(const SourceTree& tree, const base::RelPath& path) {
  std::string message =
      "\"" + base::printable(path.absolute()) + "\": not found in " + tree.shown_as();
  const auto* context = dynamic_cast<const ContextTree*>(&tree);
  const bool hidden = context != nullptr && context->hides(path);
  if (hidden) message += " (it is there, but the ignore file leaves it out)";
  base::UsageError error(message);
  if (const auto near = hidden ? std::nullopt : nearest_path(tree, path))
    error.set_hint("did you mean " + base::printable(near->absolute()) + "?");
  throw error;
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

void append_fingerprint(std::string& text, const SourceFile& file) {
  static constexpr std::array<const char*, 9> kTypes = {
      "file", "dir", "link", "hardlink", "char", "block", "fifo", "whiteout", "opaque"};
  const auto& entry = file.entry;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, FMT_COMPILE("{} {:04o} {}:{}"),
                 kTypes.at(static_cast<std::size_t>(entry.type)), entry.mode, entry.uid, entry.gid);
  if (file.is_file()) {
    text += " sha256:";
    base::append_hex(text, entry.content.value().raw());
  }
  if (file.is_symlink()) text.append(" ").append(entry.link_target);
  if (entry.device_major != 0 || entry.device_minor != 0)
    fmt::format_to(out, " {}:{}", entry.device_major, entry.device_minor);
  for (const auto& xattr : entry.xattrs)
    text.append(" ").append(xattr.name).append("=").append(base::sha256_of(xattr.value).str());
}

/// Texts, each behind its length. Gathered, as there are very many.
class SelectionHash {
 public:
  void put(std::string_view text) {
    fmt::format_to(std::back_inserter(gathered_), FMT_COMPILE("{}:{}"), text.size(), text);
    if (gathered_.size() >= kGatheredBytes) flush();
  }
  void put_fingerprint(const SourceFile& file) {
    fingerprint_.clear();
    append_fingerprint(fingerprint_, file);
    put(fingerprint_);
  }
  base::Digest finish() {
    flush();
    return hash_.finish();
  }

 private:
  static constexpr std::size_t kGatheredBytes = 16 << 10;
  void flush() {
    hash_.update(gathered_);
    gathered_.clear();
  }

  base::Sha256 hash_;
  std::string gathered_;
  std::string fingerprint_;
};

}  // namespace

std::string_view SelectedSource::below(const SelectedEntry& entry) const {
  return path_below(root.path(), entry.file.path());
}

std::vector<SelectedSource> select_sources(const CopyOp& op, const SourceTree& tree,
                                           std::stop_token stop) {
  std::vector<SelectedSource> sources;
  WalkPatterns patterns{.includes = {}, .excludes = matcher_of(op.excludes)};
  for (std::size_t i = 0; i < op.paths.size(); ++i) {
    if (!op.paths[i].is_local()) continue;
    const SourcePath source_path = take_apart(op.paths[i].text, op.parents);
    patterns.includes =
        source_path.pattern ? matcher_of({*source_path.pattern}) : std::optional<IgnoreMatcher>();
    for (const auto& match : WildcardWalk(tree, source_path.path).matches()) {
      auto root = resolve(tree, match, /*follow_last=*/true);
      if (!root) throw_missing(tree, match);
      SelectedSource source{&tree, std::move(*root), std::string(match.name()), {}, i};
      if (source.root.is_directory())
        source.entries = walk_directory(tree, source.root.path(), patterns, stop);
      check_required(tree, source_path, source.entries);
      if (patterns.includes || patterns.excludes) check_links_in_root(tree, source);
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
  const WalkPatterns patterns{.includes = {}, .excludes = matcher_of(op.excludes)};
  source.entries = walk_directory(tree, source.root.path(), patterns, std::move(stop));
  return source;
}

SelectedSource select_path(const SourceTree& tree, const base::RelPath& path,
                           std::stop_token stop) {
  auto root = resolve(tree, path, /*follow_last=*/true);
  if (!root) throw_missing(tree, path);
  SelectedSource source{&tree, std::move(*root), std::string(path.name()), {}, 0};
  if (source.root.is_directory())
    source.entries = walk_directory(tree, source.root.path(), {}, stop);
  fill_in_digests(std::span(&source, 1), tree, std::move(stop));
  return source;
}

std::string fingerprint(const SourceFile& file) {
  std::string text;
  append_fingerprint(text, file);
  return text;
}

base::Digest selection_digest(std::span<const SelectedSource> sources) {
  SelectionHash hash;
  for (const auto& source : sources) {
    // A directory's own mode and owner do not reach the destination.
    hash.put(source.root.is_directory() ? "directory" : source.name);
    if (!source.root.is_directory()) hash.put_fingerprint(source.root);
    std::map<LinkKey, std::size_t> first_names;
    for (std::size_t i = 0; i < source.entries.size(); ++i) {
      const SelectedEntry entry = source.entries[i];
      hash.put(source.below(entry));
      hash.put(entry.picked ? "picked" : "on the way");
      hash.put_fingerprint(entry.file);
      if (!entry.file.link) continue;
      const auto [first, is_new] = first_names.emplace(*entry.file.link, i);
      if (!is_new) hash.put("linked to " + std::to_string(first->second));
    }
  }
  return hash.finish();
}

}  // namespace ibuild::builder
