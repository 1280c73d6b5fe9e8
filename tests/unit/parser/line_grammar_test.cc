#include "parser/line_grammar.h"

#include <catch2/catch.hpp>

#include "parser/command_split.h"
#include "tests/unit/parser/parse_helpers.h"

using namespace ibuild::parser;
using Strings = std::vector<std::string>;

namespace {

LineWords split(const std::string& text, char escape = '\\') {
  LogicalLine line;
  line.append(text, {1, 1});
  const SplitCommand command = split_command(text, escape);
  return split_arguments(*find_keyword(command.keyword.text), command.arguments, line, escape);
}

Strings words(const std::string& text, char escape = '\\') {
  Strings result;
  for (const Word& word : split(text, escape).words) result.push_back(word.text);
  return result;
}

test::Fault fault(const std::string& text) {
  return test::fault_in([&text] { split(text); });
}

}  // namespace

TEST_CASE("line_grammar: the shell form is one text", "[parser]") {
  CHECK(words("RUN echo  \"a b\"") == Strings{"echo  \"a b\""});
  CHECK(words("CMD").empty());
}

TEST_CASE("line_grammar: the exec form is a list", "[parser]") {
  const auto split_words = split("ENTRYPOINT [\"a\", \"b c\"]");
  CHECK(split_words.json);
  CHECK(split_words.words[1].text == "b c");
  CHECK(split("SHELL [ ]").json);
}

TEST_CASE("line_grammar: what is nearly JSON is shell text", "[parser]") {
  CHECK_FALSE(split("CMD [\"a\"").json);
  CHECK(words("CMD ['a']") == Strings{"['a']"});
}

TEST_CASE("line_grammar: a list must be of strings only", "[parser]") {
  CHECK(fault("CMD [\"a\", 1]").code == "invalid-json");
  CHECK(fault("COPY [\"a\", [\"b\"]]").code == "invalid-json");
  CHECK(fault("CMD [\"a\", 1]").column == 5);
}

TEST_CASE("line_grammar: COPY splits at blanks and knows no quotes", "[parser]") {
  CHECK(words("COPY \"a b\"\tc") == Strings{"\"a", "b\"", "c"});
  CHECK(words("VOLUME [\"/a b\"]") == Strings{"/a b"});
}

TEST_CASE("line_grammar: ENV keeps quotes and escapes for later", "[parser]") {
  CHECK(words("ENV a=\"b c\" d='e\\' f=g\\ h") ==
        Strings{"a", "\"b c\"", "=", "d", "'e\\'", "=", "f", "g\\ h", "="});
}

TEST_CASE("line_grammar: an escaped quote opens nothing", "[parser]") {
  CHECK(words("LABEL a=\\\"b c=d") == Strings{"a", "\\\"b", "=", "c", "d", "="});
  CHECK(words("ENV a=`\"b c=d", '`') == Strings{"a", "`\"b", "=", "c", "d", "="});
}

TEST_CASE("line_grammar: an escape at the very end is dropped", "[parser]") {
  CHECK(words("ENV a=b\\") == Strings{"a", "b", "="});
  CHECK(words("ENV a=\"b\\") == Strings{"a", "\"b", "="});
}

TEST_CASE("line_grammar: the old form takes all the rest as its value", "[parser]") {
  CHECK(words("ENV key a  b=c \"d\"") == Strings{"key", "a  b=c \"d\"", ""});
  CHECK(fault("ENV key").code == "wrong-argument-count");
}

TEST_CASE("line_grammar: in a list of pairs each needs its equals sign", "[parser]") {
  const auto found = fault("ENV a=b cd e=f");
  CHECK(found.code == "missing-equals");
  CHECK(found.column == 9);
}

TEST_CASE("line_grammar: ARG takes names and pairs", "[parser]") {
  CHECK(words("ARG a b=1 c=\"x y\"") == Strings{"a", "b=1", "c=\"x y\""});
}

TEST_CASE("line_grammar: white space of any script parts the words of ENV", "[parser]") {
  CHECK(words("ARG a\xc2\xa0"
              "b") == Strings{"a", "b"});
}

TEST_CASE("line_grammar: HEALTHCHECK has a kind before its command", "[parser]") {
  CHECK(words("HEALTHCHECK CMD  curl x") == Strings{"CMD", "curl x"});
  CHECK(split("HEALTHCHECK CMD [\"a\"]").json);
  CHECK(words("HEALTHCHECK NONE") == Strings{"NONE"});
  CHECK(words("HEALTHCHECK").empty());
}

TEST_CASE("line_grammar: USER and WORKDIR take the line as it is", "[parser]") {
  CHECK(words("WORKDIR /a b") == Strings{"/a b"});
  CHECK(words("USER").empty());
}

TEST_CASE("line_grammar: words know where they stand", "[parser]") {
  const auto split_words = split("FROM a AS b");
  REQUIRE(split_words.words.size() == 3);
  CHECK(split_words.words[2].begin == 10);
  CHECK(split_words.words[2].end == 11);
}
