#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/dockerfile.h"

namespace ibuild::parser {

struct DirectiveBlock {
  std::vector<Directive> directives;
  char escape = '\\';
  int last_line = 0;  // the lines up to here are directives, not comments
};

/// The `# key=value` lines at the top of a Dockerfile: syntax, escape, check. They end at the first
/// line that is anything else. Behind a `#!` line syntax and check count, escape does not. Throws:
/// DockerfileError for a key given twice and for an escape other than a backslash or a backtick.
DirectiveBlock parse_directives(std::string_view source);

/// The first directive of a name, as BuildKit looks for one before it reads the file: one that
/// stands behind a key given twice is not seen, and nothing else of the file matters.
std::optional<Directive> find_directive(std::string_view source, std::string_view name);

/// `key=value` of one of the known keys, blanks around it dropped; the key in lower case.
std::optional<Directive> parse_directive_text(std::string_view text);

/// The first word of the value: what BuildKit goes by in `syntax` and `check`.
std::string_view first_word(std::string_view value);

/// The front end that a file asks for: by `# syntax=`, by `// syntax=`, or as a JSON object with a
/// "syntax" string.
std::optional<Directive> detect_syntax(std::string_view source);

/// Whether a front end is the Dockerfile language itself: docker/dockerfile in any version, also
/// from a mirror of Docker Hub under its own name.
bool is_dockerfile_frontend(std::string_view image);

}  // namespace ibuild::parser
