#include "builder/ops/sent_paths.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "parser/ignore_matcher.h"

namespace ibuild::builder {
namespace {

/// `path` up to its first part with wildcards; none when it has no such part.
std::optional<base::RelPath> part_without_wildcards(const base::RelPath& path) {
  base::RelPath directory;
  for (const auto part : path.components()) {
    if (parser::has_wildcard(part)) return directory;
    directory = directory.join(part);
  }
  return std::nullopt;
}

/// Where a source is looked for, if it need not be there: by wildcards, or by those of --parents
/// behind the pivot.
std::optional<base::RelPath> searched_directory(const std::string& written, bool parents) {
  const auto pivot = parents ? written.find("/./") : std::string::npos;
  if (parents && pivot == std::string::npos) return std::nullopt;  // in the root, which is there
  const auto root = base::RelPath::clean(written.substr(0, pivot));
  if (auto directory = part_without_wildcards(root)) return directory;
  if (!parents || !parser::has_wildcard(written.substr(pivot))) return std::nullopt;
  return root;
}

/// What of a context the client of BuildKit looks for, from the instructions' paths.
class SentPaths {
 public:
  explicit SentPaths(const SourceTree& tree) : tree_(tree) {}

  /// Links on the way, and those that a wildcard matches, bring what they lead to.
  void add(const base::RelPath& path) {
    base::RelPath current;
    const auto parts = path.components();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      current = current.join(parts[i]);
      const auto targets = link_targets(current);
      const bool is_last = i + 1 == parts.size();
      if (!is_last && targets.empty()) continue;
      if (!paths_.insert(current.str()).second || targets.empty()) return;
      std::string rest;
      for (std::size_t k = i + 1; k < parts.size(); ++k) rest.append("/").append(parts[k]);
      for (const auto& target : targets) add(target.join(rest));
      return;
    }
    everything_ = true;  // the root
  }

  bool reach(const base::RelPath& directory) const {
    if (everything_ || directory.is_root()) return true;
    const parser::IgnoreMatcher matcher(std::vector<std::string>(paths_.begin(), paths_.end()));
    const auto start = resolve(tree_, directory, /*follow_last=*/true);
    if (!start) return false;
    return matcher.matches(start->path().str()) ||
           (start->is_directory() && reach_below(matcher, start->path()));
  }

 private:
  std::vector<base::RelPath> link_targets(const base::RelPath& path) const {
    if (!parser::has_wildcard(path.name())) {
      const auto file = tree_.lookup(path);
      if (!file || !file->is_symlink()) return {};
      return {target_of(*file)};
    }
    std::vector<base::RelPath> targets;
    const auto directory = tree_.lookup(path.parent());
    if (!directory || !directory->is_directory()) return {};
    for (const auto& child : tree_.children(path.parent())) {
      if (child.is_symlink() && parser::go_match(path.name(), child.path().name()))
        targets.push_back(target_of(child));
    }
    return targets;
  }
  static base::RelPath target_of(const SourceFile& link) {
    const auto& target = link.entry.link_target;
    if (target.starts_with('/')) return base::RelPath::clean(target);
    return base::RelPath::clean(link.path().parent().absolute() + "/" + target);
  }

  bool reach_below(const parser::IgnoreMatcher& matcher, const base::RelPath& directory) const {
    const auto children = tree_.children(directory);
    return std::any_of(children.begin(), children.end(), [&](const SourceFile& child) {
      return matcher.matches(child.path().str()) ||
             (child.is_directory() && reach_below(matcher, child.path()));
    });
  }

  const SourceTree& tree_;
  std::set<std::string> paths_;
  bool everything_ = false;
};

/// Hands on what one step reads of a context.
struct PathCollector {
  const ContextRef& context;
  SentPaths& paths;

  bool is_meant(const FileSource& from) const {
    const auto* ref = std::get_if<ContextRef>(&from);
    return ref != nullptr && *ref == context;
  }
  void operator()(const BaseOp&) const {}
  void operator()(const WorkdirOp&) const {}
  void operator()(const CopyOp& op) const {
    if (!is_meant(op.from)) return;
    for (const auto& path : op.paths) {
      if (path.is_local()) paths.add(base::RelPath::clean(path.text));
    }
  }
  void operator()(const RunOp& op) const {
    for (const auto& mount : op.mounts) {
      // Each tmpfs is one of the build's own context for BuildKit's front end.
      const bool is_tmpfs = mount.type == parser::MountType::tmpfs && context.name.empty();
      if (is_tmpfs || is_meant(mount.from)) paths.add(base::RelPath::clean(mount.source));
    }
  }
};

bool found_nothing(std::size_t order, std::span<const SelectedSource> selected) {
  return std::none_of(selected.begin(), selected.end(), [&](const SelectedSource& source) {
    return source.order == order && (!source.root.is_directory() || !source.entries.empty());
  });
}

}  // namespace

void refuse_vain_search(const CopyOp& op, const SourceTree& tree,
                        std::span<const SelectedSource> selected, const BuildPlan& plan) {
  std::optional<SentPaths> sent;
  for (std::size_t i = 0; i < op.paths.size(); ++i) {
    const auto& path = op.paths[i];
    if (!path.is_local() || !found_nothing(i, selected)) continue;
    const auto directory = searched_directory(path.text, op.parents);
    if (!directory) continue;
    if (!sent) {
      sent.emplace(tree);
      const PathCollector collector{std::get<ContextRef>(op.from), *sent};
      for (const auto& step : plan.steps) std::visit(collector, step.op);
    }
    if (sent->reach(*directory)) continue;
    throw base::UsageError("\"" + base::printable(directory->absolute()) +
                           "\": not found: nothing in it matches \"" + base::printable(path.text) +
                           "\", and no other instruction takes anything from it");
  }
}

bool is_sent(const ContextRef& context, const BuildRequest& request) {
  if (!context.name.empty())
    return std::holds_alternative<DirectoryContext>(request.contexts.at(context.name));
  return request.context_dir && request.context_life == BuildRequest::ContextLife::lasting;
}

}  // namespace ibuild::builder
