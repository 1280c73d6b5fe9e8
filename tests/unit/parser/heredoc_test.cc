#include "parser/heredoc.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild::parser;

TEST_CASE("heredoc: a plain delimiter", "[parser]") {
  const auto heredoc = parse_heredoc_word("<<EOF");
  REQUIRE(heredoc);
  CHECK(heredoc->name == "EOF");
  CHECK(heredoc->expand);
  CHECK_FALSE(heredoc->chomp);
  CHECK(heredoc->fd == 0);
}

TEST_CASE("heredoc: a dash asks for tabs to go", "[parser]") {
  const auto heredoc = parse_heredoc_word("<<-EOF");
  REQUIRE(heredoc);
  CHECK(heredoc->chomp);
  CHECK(heredoc->name == "EOF");
}

TEST_CASE("heredoc: a number in front is the descriptor", "[parser]") {
  CHECK(parse_heredoc_word("3<<EOF")->fd == 3);
  CHECK(parse_heredoc_word("99999999999999999999<<EOF")->fd == 0);
  CHECK_FALSE(parse_heredoc_word("a3<<EOF"));
}

TEST_CASE("heredoc: quotes anywhere in the delimiter stop expansion", "[parser]") {
  for (const char* word : {"<<'EOF'", "<<\"EOF\"", "<<E\"O\"F", "<<E'OF'"}) {
    const auto heredoc = parse_heredoc_word(word);
    REQUIRE(heredoc);
    CHECK(heredoc->name == "EOF");
    CHECK_FALSE(heredoc->expand);
  }
}

TEST_CASE("heredoc: blanks may stand before the delimiter", "[parser]") {
  CHECK(parse_heredoc_word("<< EOF")->name == "EOF");
  CHECK(parse_heredoc_word("<<-\tEOF")->name == "EOF");
}

TEST_CASE("heredoc: a variable in the delimiter is no variable", "[parser]") {
  CHECK(parse_heredoc_word("<<$END")->name == "$END");
  CHECK(parse_heredoc_word("<<${END}")->name == "${END}");
}

TEST_CASE("heredoc: other words open none", "[parser]") {
  for (const char* word :
       {"", "<", "<<", "<<-", "<<<EOF", "<<a<b", "a<<EOF", "<<\"\"", "<<a b", "<EOF"}) {
    INFO(word);
    CHECK_FALSE(parse_heredoc_word(word));
  }
}

TEST_CASE("heredoc: an open quote in the delimiter is a fault or no heredoc", "[parser]") {
  CHECK_THROWS_AS(parse_heredoc_word("<<'EOF"), ibuild::base::UsageError);
  CHECK_FALSE(try_parse_heredoc_word("<<'EOF"));
}

TEST_CASE("heredoc: a line may open several", "[parser]") {
  const auto heredocs = find_heredocs("COPY <<one 4<<-'two words' /x/");
  REQUIRE(heredocs.size() == 2);
  CHECK(heredocs[0].name == "one");
  CHECK(heredocs[1].name == "two words");
  CHECK(heredocs[1].chomp);
}

TEST_CASE("heredoc: one in quotes is text", "[parser]") {
  CHECK(find_heredocs("RUN echo '<<EOF'").empty());
  CHECK(find_heredocs("RUN echo \"a <<EOF\"").empty());
}

TEST_CASE("heredoc: a line with open quotes opens none", "[parser]") {
  CHECK(find_heredocs("RUN echo don't <<EOF").empty());
}

TEST_CASE("heredoc: only tabs at the start of lines are removed", "[parser]") {
  CHECK(without_leading_tabs("\t\ta\tb\n c\n\t\nd\t") == "a\tb\n c\n\nd\t");
  CHECK(without_leading_tabs("").empty());
}
