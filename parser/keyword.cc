#include "parser/keyword.h"

#include <array>
#include <cstddef>

#include "base/text.h"

namespace ibuild::parser {

namespace {

const std::array<std::string, 18>& names() {
  static const std::array<std::string, 18> kNames = {
      "ADD",    "ARG",   "CMD",         "COPY",  "ENTRYPOINT", "ENV",
      "EXPOSE", "FROM",  "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
      "RUN",    "SHELL", "STOPSIGNAL",  "USER",  "VOLUME",     "WORKDIR"};
  return kNames;
}

}  // namespace

std::optional<Keyword> find_keyword(std::string_view text) {
  for (std::size_t i = 0; i < names().size(); ++i) {
    if (base::iequals(names()[i], text)) return static_cast<Keyword>(i);
  }
  return std::nullopt;
}

std::span<const std::string> keyword_names() { return names(); }

const std::string& keyword_name(Keyword keyword) {
  return names()[static_cast<std::size_t>(keyword)];
}

}  // namespace ibuild::parser
