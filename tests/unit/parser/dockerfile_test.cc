#include "parser/dockerfile.h"

#include <catch2/catch.hpp>

#include "tests/unit/parser/parse_helpers.h"

using namespace ibuild::parser;
using test::parse;
using test::parse_fault;
using Strings = std::vector<std::string>;

TEST_CASE("dockerfile: an instruction has keyword, flags and words", "[parser]") {
  const auto dockerfile = parse("from --platform=linux/amd64 a As b\n");
  REQUIRE(dockerfile.nodes.size() == 1);
  const AstNode& node = dockerfile.nodes[0];
  CHECK(node.keyword == "from");
  CHECK(node.flags == Strings{"--platform=linux/amd64"});
  CHECK(node.words == Strings{"a", "As", "b"});
  CHECK(node.original == "from --platform=linux/amd64 a As b");
}

TEST_CASE("dockerfile: lines without instructions are an error", "[parser]") {
  CHECK(parse_fault("").code == "no-instructions");
  CHECK(parse_fault("# a\n\n# b\n").code == "no-instructions");
  CHECK(parse_fault("# a\n\n# b\n").line == 3);
}

TEST_CASE("dockerfile: a continued line is joined without its mark", "[parser]") {
  const auto dockerfile = parse("RUN a \\\n  b \\  \n\tc\nRUN d\n");
  REQUIRE(dockerfile.nodes.size() == 2);
  CHECK(dockerfile.nodes[0].words[0] == "a   b \tc");
  CHECK(dockerfile.nodes[0].range.start.line == 1);
  CHECK(dockerfile.nodes[0].range.end.line == 3);
  CHECK(dockerfile.nodes[1].range.start.line == 4);
}

TEST_CASE("dockerfile: an escaped escape character continues nothing", "[parser]") {
  const auto dockerfile = parse("RUN a \\\\\nRUN b\n");
  CHECK(dockerfile.nodes.size() == 2);
  CHECK(dockerfile.nodes[0].words[0] == "a \\\\");
}

TEST_CASE("dockerfile: the escape directive changes the continuation mark", "[parser]") {
  const auto dockerfile = parse("# escape=`\nRUN a `\n b\nRUN c\\\nRUN d\n");
  REQUIRE(dockerfile.nodes.size() == 3);
  CHECK(dockerfile.nodes[0].words[0] == "a  b");
  CHECK(dockerfile.nodes[1].words[0] == "c\\");
}

TEST_CASE("dockerfile: comments inside a continued instruction vanish", "[parser]") {
  const auto dockerfile = parse("RUN a \\\n# one\n  # two \\\n b # three\n");
  REQUIRE(dockerfile.nodes.size() == 1);
  CHECK(dockerfile.nodes[0].words[0] == "a  b # three");
  CHECK(dockerfile.empty_continuations.empty());
}

TEST_CASE("dockerfile: an empty line inside a continued instruction is noted", "[parser]") {
  const auto dockerfile = parse("RUN a \\\n\n  \\\n b\nRUN c\n");
  REQUIRE(dockerfile.nodes.size() == 2);
  CHECK(dockerfile.nodes[0].words[0] == "a    b");
  REQUIRE(dockerfile.empty_continuations.size() == 1);
  CHECK(dockerfile.empty_continuations[0].start.line == 4);
}

TEST_CASE("dockerfile: a continuation may end with the file", "[parser]") {
  CHECK(parse("RUN a \\").nodes[0].words[0] == "a");
  CHECK(parse("RUN a \\\n").nodes[0].words[0] == "a");
}

TEST_CASE("dockerfile: a line may be only a continuation mark", "[parser]") {
  const auto dockerfile = parse("\\\nRUN \\\n\\\na\n");
  REQUIRE(dockerfile.nodes.size() == 1);
  CHECK(dockerfile.nodes[0].words[0] == "a");
}

TEST_CASE("dockerfile: carriage returns at line ends do not count", "[parser]") {
  const auto dockerfile = parse("FROM a\r\nRUN b \\\r\n c\r\n");
  REQUIRE(dockerfile.nodes.size() == 2);
  CHECK(dockerfile.nodes[1].words[0] == "b  c");
}

TEST_CASE("dockerfile: a line may be longer than any buffer", "[parser]") {
  const std::string text(3'000'000, 'x');
  CHECK(parse("RUN " + text).nodes[0].words[0].size() == text.size());
}

TEST_CASE("dockerfile: comment lines above an instruction belong to it", "[parser]") {
  const auto dockerfile = parse("# lost\n#\n#  one\n  # two\nARG a\n# three\nARG b\nARG c\n");
  // BuildKit takes the first character of the line away, also where it is a blank.
  CHECK(dockerfile.nodes[0].comments == Strings{"one", "# two"});
  CHECK(dockerfile.nodes[1].comments == Strings{"three"});
  CHECK(dockerfile.nodes[2].comments.empty());
}

TEST_CASE("dockerfile: directives are no comments", "[parser]") {
  const auto dockerfile = parse("# escape=`\n# about\nARG a\n");
  CHECK(dockerfile.nodes[0].comments == Strings{"about"});
  CHECK(dockerfile.directives.size() == 1);
}

TEST_CASE("dockerfile: a # behind the start of a line is text", "[parser]") {
  CHECK(parse("RUN a # b\n").nodes[0].words[0] == "a # b");
}

TEST_CASE("dockerfile: ranges have lines and columns", "[parser]") {
  const auto dockerfile = parse("\n  COPY --link \\\n   --from=x a  b\n");
  const AstNode& node = dockerfile.nodes[0];
  CHECK(node.range == SourceRange{{2, 3}, {3, 16}});
  CHECK(node.keyword_range == SourceRange{{2, 3}, {2, 6}});
  CHECK(node.flag_ranges[0] == SourceRange{{2, 8}, {2, 13}});
  CHECK(node.flag_ranges[1] == SourceRange{{3, 4}, {3, 11}});
  CHECK(node.word_ranges[1] == SourceRange{{3, 16}, {3, 16}});
}

TEST_CASE("dockerfile: a heredoc's lines are no instructions", "[parser]") {
  const auto dockerfile = parse("RUN <<EOF\nFROM x\n# y\nEOF\nCMD z\n");
  REQUIRE(dockerfile.nodes.size() == 2);
  const AstNode& node = dockerfile.nodes[0];
  REQUIRE(node.heredocs.size() == 1);
  CHECK(node.heredocs[0].content == "FROM x\n# y\n");
  CHECK(node.heredocs[0].range.start.line == 2);
  CHECK(node.heredocs[0].range.end.line == 4);
  CHECK(node.range.end.line == 4);
}

TEST_CASE("dockerfile: heredocs follow each other in order", "[parser]") {
  const auto dockerfile = parse("COPY <<a <<b /x/\n1\na\n2\nb\n");
  REQUIRE(dockerfile.nodes[0].heredocs.size() == 2);
  CHECK(dockerfile.nodes[0].heredocs[0].content == "1\n");
  CHECK(dockerfile.nodes[0].heredocs[1].content == "2\n");
}

TEST_CASE("dockerfile: with <<- tabs go, but not for a shell that reads them itself", "[parser]") {
  const auto dockerfile = parse("RUN <<-EOF\n\ta\n\t\tEOF\n");
  const Heredoc& heredoc = dockerfile.nodes[0].heredocs.at(0);
  CHECK(heredoc.content == "a\n");
  CHECK(heredoc.written_content() == "\ta\n");
}

TEST_CASE("dockerfile: without the dash a delimiter must stand at the line's start", "[parser]") {
  CHECK(parse_fault("RUN <<EOF\na\n\tEOF\n").code == "unterminated-heredoc");
}

TEST_CASE("dockerfile: a heredoc's content keeps its line ends", "[parser]") {
  const auto dockerfile = parse("COPY <<EOF /x\r\na\r\nEOF\r\n");
  CHECK(dockerfile.nodes[0].heredocs.at(0).content == "a\r\n");
}

TEST_CASE("dockerfile: an unterminated heredoc names its delimiter and its instruction",
          "[parser]") {
  const auto fault = parse_fault("FROM x\nRUN cat <<'THE END'\na\n");
  CHECK(fault.code == "unterminated-heredoc");
  CHECK(fault.line == 2);
  CHECK(fault.message.find("THE END") != std::string::npos);
}

TEST_CASE("dockerfile: only RUN, COPY and ADD take heredocs", "[parser]") {
  CHECK(parse("ENV a=<<EOF\nRUN b\n").nodes.size() == 2);
  CHECK(parse("RUN [\"<<EOF\"]\nRUN b\n").nodes.size() == 2);
  CHECK(parse("CMD <<EOF\nRUN b\n").nodes.size() == 2);
  CHECK(parse("ONBUILD COPY <<EOF /x\na\nEOF\nRUN b\n").nodes.size() == 2);
}

TEST_CASE("dockerfile: ONBUILD holds an instruction", "[parser]") {
  const auto dockerfile = parse("ONBUILD COPY --link a b\n");
  REQUIRE(dockerfile.nodes[0].children.size() == 1);
  const AstNode& child = dockerfile.nodes[0].children[0];
  CHECK(child.keyword == "COPY");
  CHECK(child.flags == Strings{"--link"});
  CHECK(child.words == Strings{"a", "b"});
  CHECK(child.keyword_range.start == Position{1, 9});
  CHECK(child.word_ranges[0].start == Position{1, 21});
}

TEST_CASE("dockerfile: ONBUILD is not nested without end", "[parser]") {
  std::string text;
  for (int i = 0; i < 50000; ++i) text += "ONBUILD ";
  CHECK(parse_fault(text + "RUN a").code == "onbuild-not-allowed");
}

TEST_CASE("dockerfile: unknown instructions are for a later pass", "[parser]") {
  const auto dockerfile = parse("HELLO world\n");
  CHECK(dockerfile.nodes[0].keyword == "HELLO");
  CHECK(dockerfile.nodes[0].words == Strings{""});
}

TEST_CASE("dockerfile: bytes that are no UTF-8 are kept", "[parser]") {
  CHECK(parse("RUN echo \xff\xfe\n").nodes[0].words[0] == "echo \xff\xfe");
}

TEST_CASE("dockerfile: noise is refused or read, and nothing else", "[parser]") {
  std::string noise;
  for (int i = 0; i < 4096; ++i) noise += static_cast<char>((i * 7919 + i / 13) & 0xff);
  CHECK_NOTHROW(parse_fault(noise));
}
