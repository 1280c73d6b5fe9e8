#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ibuild::parser {

/// The instructions of the Dockerfile language.
enum class Keyword {
  add,
  arg,
  cmd,
  copy,
  entrypoint,
  env,
  expose,
  from,
  healthcheck,
  label,
  maintainer,
  onbuild,
  run,
  shell,
  stopsignal,
  user,
  volume,
  workdir,
};

/// Letter case does not count. None for anything else.
std::optional<Keyword> find_keyword(std::string_view text);
/// All of them in upper case, in the order of the enumeration.
std::span<const std::string> keyword_names();
/// "ADD"
const std::string& keyword_name(Keyword keyword);

}  // namespace ibuild::parser
