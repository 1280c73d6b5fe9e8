#include "builder/plan/remote_source.h"

#include "parser/git_reference.h"

namespace ibuild::builder {

RemoteKind remote_source_kind(std::string_view source) {
  const auto git = parser::parse_git_reference(source);
  if (git && !git->looks_local) return RemoteKind::git;
  const bool http = source.starts_with("http://") || source.starts_with("https://");
  return http ? RemoteKind::http : RemoteKind::none;
}

}  // namespace ibuild::builder
