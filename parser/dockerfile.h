#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "parser/diagnostic.h"
#include "parser/instruction.h"
#include "parser/source_range.h"

namespace ibuild::parser {

/// One instruction as the lexer sees it, nothing interpreted. The chain of words is kept flat;
/// `dump()` of ast_dump.h prints it as the nested S-expression that BuildKit's parser prints.
struct AstNode {
  std::string keyword;             // as written
  std::vector<std::string> flags;  // "--from=x"
  std::vector<std::string> words;  // arguments as the instruction's own line grammar splits them
  bool json = false;               // exec form
  std::string original;            // joined line
  std::vector<Heredoc> heredocs;
  std::vector<std::string> comments;
  SourceRange range;
  SourceRange keyword_range;
  std::vector<SourceRange> flag_ranges;  // one for each of `flags`
  std::vector<SourceRange> word_ranges;  // one for each of `words`
  std::vector<AstNode> children;         // ONBUILD's instruction
};

struct Directive {
  std::string name;
  std::string value;
  SourceRange range;
};

struct Dockerfile {
  std::string source;  // the whole text, for excerpts
  std::vector<Directive> directives;
  std::vector<AstNode> nodes;
  /// The ends of the instructions that have an empty line among their continuations (rule
  /// NoEmptyContinuation).
  std::vector<SourceRange> empty_continuations;
  char escape = '\\';
};

/// Pass 1: text → AST. Pure. Throws: DockerfileError. Warnings go to `diagnostics`.
Dockerfile parse_dockerfile(std::string source, Diagnostics& diagnostics);

/// Pass 2: AST → typed instructions in stages. Pure. There may be no stage at all, when a file has
/// ARGs only: whoever needs one says so. Throws: DockerfileError.
StageList build_stages(const Dockerfile& dockerfile, Diagnostics& diagnostics);

/// One instruction out of an ONBUILD trigger of a base image. Its ranges point nowhere; that is for
/// the caller to set. Throws: DockerfileError.
Instruction parse_onbuild_trigger(std::string_view expression, Diagnostics& diagnostics);

}  // namespace ibuild::parser
