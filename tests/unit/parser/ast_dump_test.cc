#include "parser/ast_dump.h"

#include <catch2/catch.hpp>

#include "tests/unit/parser/parse_helpers.h"

using namespace ibuild::parser;
using test::parse;

TEST_CASE("ast_dump: one line an instruction, keywords in lower case", "[parser]") {
  CHECK(dump_ast(parse("FROM a AS b\nRUN make \"x\"\n")) ==
        "(from \"a\" \"AS\" \"b\")\n(run \"make \\\"x\\\"\")");
}

TEST_CASE("ast_dump: flags come in brackets before the words", "[parser]") {
  CHECK(dump_ast(parse("COPY --link --from=x a b")) ==
        "(copy [\"--link\" \"--from=x\"] \"a\" \"b\")");
}

TEST_CASE("ast_dump: pairs are printed flat", "[parser]") {
  CHECK(dump_ast(parse("ENV a=b\nLABEL c d")) ==
        "(env \"a\" \"b\" \"=\")\n(label \"c\" \"d\" \"\")");
}

TEST_CASE("ast_dump: ONBUILD's instruction is nested", "[parser]") {
  CHECK(dump_ast(parse("ONBUILD RUN [\"a\"]")) == "(onbuild (run \"a\"))");
  CHECK(dump_ast(parse("ONBUILD")) == "(onbuild)");
}

TEST_CASE("ast_dump: unknown instructions have one empty word", "[parser]") {
  CHECK(dump_ast(parse("what is this")) == "(what \"\")");
}

TEST_CASE("ast_dump: a line of a lone escape character has no keyword", "[parser]") {
  CHECK(dump_ast(parse("FROM a\n\\\n")) == "(from \"a\")\n(\"\")");
}
