#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/instruction.h"

namespace ibuild::parser {

/// The heredoc that one word opens: "<<EOF", "<<-EOF", "3<<'EOF'". None for any other word. The
/// body is not filled in. Throws: base::UsageError when the delimiter's quotes are wrong.
std::optional<Heredoc> parse_heredoc_word(std::string_view word);

/// The same for words that come without their position: wrong quotes make no heredoc.
std::optional<Heredoc> try_parse_heredoc_word(std::string_view word);

/// All heredocs that an instruction's line opens, in order. Throws: base::UsageError.
std::vector<Heredoc> find_heredocs(std::string_view line);

/// The text with the tabs at the start of each of its lines removed.
std::string without_leading_tabs(std::string_view text);

}  // namespace ibuild::parser
