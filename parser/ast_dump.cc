#include "parser/ast_dump.h"

#include "base/text.h"
#include "parser/go_quote.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

std::string dump_node(const AstNode& node) {
  std::string result = base::to_lower(node.keyword);
  if (!node.flags.empty()) result += " " + go_quote_list(node.flags);
  for (const AstNode& child : node.children) result += " (" + dump_node(child) + ")";
  for (const std::string& word : node.words) result += " " + go_quote(word);
  return std::string(trim_space(result));
}

}  // namespace

std::string dump_ast(const Dockerfile& dockerfile) {
  std::string result;
  for (const AstNode& node : dockerfile.nodes) {
    if (!result.empty()) result += '\n';
    result += "(" + dump_node(node) + ")";
  }
  return result;
}

}  // namespace ibuild::parser
