#pragma once

#include <string>
#include <string_view>

#include "parser/ignore_matcher.h"

// What the checks of stages ask of a single word.
namespace ibuild::parser {

/// Of the name of an ARG or a variable: "API_TOKEN", but not "TOKEN_FILE".
bool names_a_secret(std::string_view name);

/// Whether patterns leave out all that lies at the top of the context.
bool ignores_everything(const IgnoreMatcher& ignore);

/// Of sources of COPY and ADD. A repository's URL is both.
bool is_url(std::string_view source);
bool is_repository(std::string_view source);

/// Of a path in an image of Windows, where a drive may stand before it; only C: is one there.
bool is_absolute_on_windows(std::string path);

}  // namespace ibuild::parser
