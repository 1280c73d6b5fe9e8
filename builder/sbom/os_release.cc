#include "builder/sbom/os_release.h"

#include "base/error.h"
#include "base/text.h"

namespace ibuild::builder {

namespace {

constexpr std::uint64_t kMaxBytes = 1 << 20;

/// A value as sh(1) would read it, without expansion.
std::string unquote(std::string_view text) {
  std::string value;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      value += text[++i];
    } else {
      value += c;
    }
  }
  return value;
}

}  // namespace

std::string OsRelease::distro() const {
  if (id.empty() || version_id.empty()) return id;
  return id + "-" + version_id;
}

OsRelease parse_os_release(std::string_view text) {
  OsRelease release;
  for (auto line : base::split(text, '\n')) {
    line = base::trim(line);
    const auto equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos) continue;
    const auto value = unquote(line.substr(equals + 1));
    const auto name = line.substr(0, equals);
    if (name == "ID") release.id = base::to_lower(value);
    if (name == "VERSION_ID") release.version_id = value;
    if (name == "PRETTY_NAME") release.name = value;
  }
  return release;
}

OsRelease read_os_release(const ImageFiles& files) {
  for (const char* path : {"etc/os-release", "usr/lib/os-release"}) {
    const auto file = files.find(path);
    if (file && file->entry->size_bytes <= kMaxBytes)
      return parse_os_release(files.read(*file, kMaxBytes));
  }
  return {};
}

}  // namespace ibuild::builder
