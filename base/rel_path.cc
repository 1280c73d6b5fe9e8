#include "base/rel_path.h"

#include "base/error.h"
#include "base/text.h"

namespace ibuild::base {

namespace {

void check_clean(std::string_view path) {
  auto refuse = [&](std::string_view why) {
    throw ContentError("path \"" + printable(path) + "\" " + std::string(why));
  };
  if (path.find('\0') != std::string_view::npos) refuse("holds a NUL byte");
  if (path.empty()) return;
  if (path.front() == '/') refuse("is absolute");
  for (std::string_view part : split(path, '/')) {
    if (part.empty()) refuse("holds an empty component");
    if (part == "." || part == "..") refuse("holds a \"" + std::string(part) + "\" component");
  }
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

RelPath RelPath::exact(std::string_view path) {
  check_clean(path);
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
