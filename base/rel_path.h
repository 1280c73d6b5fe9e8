#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::base {

/// A path inside a root: no leading slash, no empty, "." or ".." component. Empty text is the root
/// itself. Bytes, not text: names need not be UTF-8. Ordered by bytes.
class RelPath {
 public:
  RelPath() = default;
  /// Cleans `path` as if "/" were the root: ".." at the root stays at the root (Go: path.Clean("/"
  /// + p)).
  static RelPath clean(std::string_view path);
  /// Takes text that is already clean. Throws ContentError otherwise (absolute, "..", ".", "//",
  /// NUL).
  static RelPath exact(std::string_view path);

  /// Whether exact() takes it.
  static bool is_exact(std::string_view path);

  bool is_root() const { return text_.empty(); }
  const std::string& str() const { return text_; }
  /// "/" + str()
  std::string absolute() const { return "/" + text_; }
  /// Last component; empty for the root.
  std::string_view name() const&;
  std::string_view name() const&& = delete;  // it would outlive the text
  /// The root is its own parent.
  RelPath parent() const;
  /// `this`/`more`, where `more` is cleaned against *this as root (so it cannot leave it).
  RelPath join(std::string_view more) const;
  /// What stands in this directory by that name. Throws ContentError when it is no name.
  RelPath child(std::string_view name) const;
  std::vector<std::string_view> components() const&;
  std::vector<std::string_view> components() const&& = delete;
  /// True for *this == ancestor as well.
  bool is_within(const RelPath& ancestor) const;

  auto operator<=>(const RelPath&) const = default;

 private:
  std::string text_;
};

}  // namespace ibuild::base
