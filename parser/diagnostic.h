#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "parser/source_range.h"

namespace ibuild::parser {

/// A fault in a Dockerfile that ends the build. `code` is a stable kebab-case name
/// ("unknown-instruction"). what() is the message alone; cli renders file:line:column, the excerpt
/// and the marker from `range()`.
class DockerfileError : public base::Error {
 public:
  DockerfileError(std::string code, SourceRange range, std::string message);
  const std::string& code() const { return code_; }
  const SourceRange& range() const { return range_; }

 private:
  std::string code_;
  SourceRange range_;
};

/// A finding that does not end the build: a lint rule or a parser warning.
struct Warning {
  std::string rule;  // BuildKit's rule name, "" for plain warnings
  std::string message;
  std::string url;
  SourceRange range;
};
using Diagnostics = std::vector<Warning>;

/// Shows places of one file. Finds its lines once, however many places are shown.
class ExcerptSource {
 public:
  /// `file_name` and `source` outlive this.
  ExcerptSource(std::string_view file_name, std::string_view source);

  /// "Dockerfile:3:5" and the lines around with a marker, as plain text ending in a newline.
  /// Control bytes are shown, never sent raw.
  std::string render(const SourceRange& range) const;

 private:
  std::string_view file_name_;
  std::vector<std::string_view> lines_;  // without their ends
};

/// The same for one place: "Dockerfile:3:5" and the lines around with a marker, as plain text
/// ending in a newline. `source` is the whole file. Control bytes are shown, never sent raw.
std::string render_excerpt(std::string_view file_name, std::string_view source,
                           const SourceRange& range);

}  // namespace ibuild::parser
