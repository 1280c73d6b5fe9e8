#include "builder/tree/link_walk.h"

#include <deque>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::builder {
namespace {

constexpr int kMaxLinks = 255;

using Components = std::deque<std::string>;

/// Puts the components of `path` before what is left. "." and empty ones are dropped, ".." is kept.
void prepend(Components& left, std::string_view path) {
  Components parts;
  for (const auto part : base::split(path, '/')) {
    if (!part.empty() && part != ".") parts.emplace_back(part);
  }
  left.insert(left.begin(), parts.begin(), parts.end());
}

}  // namespace

std::optional<base::RelPath> follow_links(const base::RelPath& path, const PathLookup& lookup,
                                          LastLink last, Missing missing) {
  Components left;
  prepend(left, path.str());
  base::RelPath here;
  bool exists = true;  // `here` is an existing directory
  for (int links = 0; !left.empty();) {
    const std::string name = std::move(left.front());
    left.pop_front();
    if (name == "..") {
      here = here.parent();
      exists = true;
      continue;
    }
    const base::RelPath next = here.join(name);
    const auto kind = exists ? lookup(next) : std::nullopt;
    if (!kind && missing == Missing::gives_none) return std::nullopt;
    const bool follow = kind && kind->link_target && (!left.empty() || last == LastLink::follow);
    if (!follow) {
      if (kind && !kind->is_directory && !left.empty() && missing == Missing::gives_none)
        return std::nullopt;
      here = next;
      exists = kind && kind->is_directory;
      continue;
    }
    if (++links > kMaxLinks)
      throw base::UsageError("too many levels of symbolic links: " +
                             base::printable(path.absolute()));
    if (kind->link_target->starts_with('/')) here = base::RelPath();
    prepend(left, *kind->link_target);
  }
  return here;
}

}  // namespace ibuild::builder
