#include "base/rel_path.h"

#include "base/error.h"
#include "base/text.h"

namespace ibuild::base {

namespace {

/// What is wrong with a path that is not exact.
std::string what_is_inexact(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return "holds a NUL byte";
  if (path.front() == '/') return "is absolute";
  for (std::string_view part : split(path, '/')) {
    if (part == "." || part == "..") return "holds a \"" + std::string(part) + "\" component";
  }
  return "holds an empty component";
}

}  // namespace

RelPath RelPath::clean(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) {
    throw ContentError("path \"" + printable(path) + "\" holds a NUL byte");
  }
  RelPath result;
  for (std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      const auto slash = result.text_.rfind('/');
      result.text_.resize(slash == std::string::npos ? 0 : slash);
      continue;
    }
    if (!result.text_.empty()) result.text_ += '/';
    result.text_ += part;
  }
  return result;
}

bool RelPath::is_exact(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return false;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
    if (path.empty()) return false;  // ends in '/'
  }
  return true;  // the root
}

RelPath RelPath::exact(std::string_view path) {
  if (!is_exact(path))
    throw ContentError("path \"" + printable(path) + "\" " + what_is_inexact(path));
  RelPath result;
  result.text_ = path;
  return result;
}

std::string_view RelPath::name() const& {
  const auto slash = text_.rfind('/');
  return std::string_view(text_).substr(slash == std::string::npos ? 0 : slash + 1);
}

RelPath RelPath::parent() const {
  RelPath result;
  const auto slash = text_.rfind('/');
  if (slash != std::string::npos) result.text_ = text_.substr(0, slash);
  return result;
}

RelPath RelPath::join(std::string_view more) const {
  RelPath below = clean(more);
  if (is_root()) return below;
  RelPath result = *this;
  if (!below.is_root()) result.text_ += '/' + below.text_;
  return result;
}

RelPath RelPath::child(std::string_view name) const {
  if (name.empty() || name.find('/') != std::string_view::npos || !is_exact(name))
    throw ContentError("\"" + printable(name) + "\" is not the name of a file");
  RelPath result;
  result.text_.reserve(text_.size() + 1 + name.size());
  result.text_ = text_;
  if (!text_.empty()) result.text_ += '/';
  result.text_ += name;
  return result;
}

std::vector<std::string_view> RelPath::components() const& {
  if (is_root()) return {};
  return split(text_, '/');
}

bool RelPath::is_within(const RelPath& ancestor) const {
  if (ancestor.is_root()) return true;
  const std::string& above = ancestor.text_;
  return text_.starts_with(above) && (text_.size() == above.size() || text_[above.size()] == '/');
}

}  // namespace ibuild::base
