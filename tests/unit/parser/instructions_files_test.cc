// COPY and ADD.
#include <catch2/catch.hpp>

#include "tests/unit/parser/parse_helpers.h"

using namespace ibuild::parser;
using test::code_of;
using test::only;
using Strings = std::vector<std::string>;

TEST_CASE("instructions_files: the last word is the destination", "[parser]") {
  const Copy copy = only<Copy>("COPY a b c/");
  CHECK(copy.sources.paths == Strings{"a", "b"});
  CHECK(copy.sources.destination == "c/");
  CHECK(only<Copy>("COPY [\"a b\", \"c d\"]").sources.paths == Strings{"a b"});
}

TEST_CASE("instructions_files: COPY's flags", "[parser]") {
  const Copy copy = only<Copy>(
      "COPY --from=build --chown=1:2 --chmod=u+x --link --parents=true --exclude=*.o --exclude=*.a "
      "a b");
  CHECK(copy.from == "build");
  CHECK(copy.chown == "1:2");
  CHECK(copy.chmod == "u+x");
  CHECK(copy.link);
  CHECK(copy.parents);
  CHECK(copy.excludes == Strings{"*.o", "*.a"});
}

TEST_CASE("instructions_files: switches are off unless given", "[parser]") {
  const Copy copy = only<Copy>("COPY --link=false a b");
  CHECK_FALSE(copy.link);
  CHECK_FALSE(copy.parents);
  CHECK(copy.from.empty());
}

TEST_CASE("instructions_files: ADD's flags", "[parser]") {
  const Add add = only<Add>(
      "ADD --chown=u --chmod=644 --link --keep-git-dir --unpack=false --checksum=sha256:1 "
      "--exclude=x a b");
  CHECK(add.chown == "u");
  CHECK(add.chmod == "644");
  CHECK(add.link);
  CHECK(add.keep_git_dir == true);
  CHECK(add.unpack == false);
  CHECK(add.checksum == "sha256:1");
  CHECK(add.excludes == Strings{"x"});
  CHECK_FALSE(only<Add>("ADD a b").unpack);
}

TEST_CASE("instructions_files: each of the two has flags of its own", "[parser]") {
  CHECK(code_of("ADD --from=x a b") == "unknown-flag");
  CHECK(code_of("ADD --parents a b") == "unknown-flag");
  CHECK(code_of("COPY --checksum=x a b") == "unknown-flag");
}

TEST_CASE("instructions_files: a heredoc is a file", "[parser]") {
  const Copy copy = only<Copy>("COPY <<one <<-'two' c /x/\n$1\none\n\t2\ntwo");
  CHECK(copy.sources.paths == Strings{"c"});
  REQUIRE(copy.sources.inline_files.size() == 2);
  CHECK(copy.sources.inline_files[0].name == "one");
  CHECK(copy.sources.inline_files[0].content == "$1\n");
  CHECK(copy.sources.inline_files[0].expand);
  CHECK(copy.sources.inline_files[1].content == "2\n");
  CHECK_FALSE(copy.sources.inline_files[1].expand);
}

TEST_CASE("instructions_files: a heredoc is no destination", "[parser]") {
  const auto fault = test::stage_fault("FROM scratch\nCOPY a <<b\nb\n");
  CHECK(fault.code == "bad-heredoc");
  CHECK(fault.column == 8);
}

TEST_CASE("instructions_files: source and destination are needed", "[parser]") {
  CHECK(code_of("COPY") == "wrong-argument-count");
  CHECK(code_of("COPY a") == "wrong-argument-count");
  CHECK(code_of("ADD --chown=x a") == "wrong-argument-count");
  CHECK(code_of("COPY <<a\na") == "wrong-argument-count");
}
