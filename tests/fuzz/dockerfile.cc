// Any bytes are read as a Dockerfile or refused with a DockerfileError: text → AST → stages →
// checks.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "parser/ast_dump.h"
#include "parser/lint.h"

using namespace ibuild;

namespace {

void require(bool condition) {
  if (!condition) __builtin_trap();
}

void check_range(const parser::SourceRange& range, int line_count) {
  require(range.start.line >= 1 && range.start.line <= range.end.line);
  require(range.end.line <= line_count);
  if (range.start.line == range.end.line) require(range.start.column <= range.end.column);
}

void read(const std::string& source) {
  parser::Diagnostics diagnostics;
  const parser::Dockerfile dockerfile = parser::parse_dockerfile(source, diagnostics);
  int line_count = 1;
  for (const char c : source) line_count += c == '\n' ? 1 : 0;
  int last_line = 0;
  for (const parser::AstNode& node : dockerfile.nodes) {
    check_range(node.range, line_count);
    require(node.range.start.line > last_line);
    last_line = node.range.end.line;
    require(node.flags.size() == node.flag_ranges.size());
    require(node.words.size() == node.word_ranges.size());
  }
  parser::dump_ast(dockerfile);
  parser::LintOptions options;
  options.check = "experimental=all";
  options.base_image = [](std::size_t, std::string_view) { return parser::BaseImageFacts(); };
  parser::lint_dockerfile(dockerfile, options);
  parser::build_stages(dockerfile, diagnostics);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string source(reinterpret_cast<const char*>(data), size);
  try {
    read(source);
  } catch (const parser::DockerfileError& error) {
    const std::string excerpt = parser::render_excerpt("Dockerfile", source, error.range());
    require(excerpt.find('\x1b') == std::string::npos);
  }
  return 0;
}
