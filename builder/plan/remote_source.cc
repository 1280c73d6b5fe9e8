#include "builder/plan/remote_source.h"

#include <algorithm>

namespace ibuild::builder {
namespace {

/// "user@host:path" as ssh takes it.
bool is_scp_form(std::string_view source) {
  const auto at = source.find('@');
  const auto colon = source.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || at == 0 || colon < at + 2) return false;
  return std::all_of(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-' || c == '@';
  });
}

}  // namespace

RemoteKind remote_source_kind(std::string_view source) {
  if (source.starts_with("git://") || source.starts_with("ssh://")) return RemoteKind::git;
  if (source.starts_with("http://") || source.starts_with("https://")) {
    const auto path = source.substr(0, source.find_first_of("?#"));
    return path.ends_with(".git") ? RemoteKind::git : RemoteKind::http;
  }
  return is_scp_form(source) ? RemoteKind::git : RemoteKind::none;
}

}  // namespace ibuild::builder
