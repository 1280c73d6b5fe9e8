#include "parser/chmod.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using ibuild::base::UsageError;
using ibuild::parser::FileMode;

namespace {

std::uint32_t file(const char* text, std::uint32_t mode) {
  return FileMode::parse(text).apply(mode, false);
}
std::uint32_t directory(const char* text, std::uint32_t mode) {
  return FileMode::parse(text).apply(mode, true);
}

}  // namespace

TEST_CASE("chmod: octal replaces all bits", "[parser]") {
  CHECK(file("755", 06644) == 0755);
  CHECK(file("0644", 0) == 0644);
  CHECK(file("4755", 0) == 04755);
  CHECK(file("7777", 0) == 07777);
  CHECK(directory("0", 0755) == 0);
}

TEST_CASE("chmod: plus and minus change what they name", "[parser]") {
  CHECK(file("u+x", 0644) == 0744);
  CHECK(file("go-r", 0644) == 0600);
  CHECK(file("+x", 0644) == 0755);
  CHECK(file("a+w", 0444) == 0666);
  CHECK(file("-w", 0666) == 0444);
}

TEST_CASE("chmod: an equals sign sets exactly", "[parser]") {
  CHECK(file("u=rw", 0777) == 0677);
  CHECK(file("o=", 0777) == 0770);
  CHECK(file("=r", 0777) == 0444);
  CHECK(file("a=rx", 0222) == 0555);
}

TEST_CASE("chmod: clauses and actions follow each other", "[parser]") {
  CHECK(file("u=rwx,go=rx", 0) == 0755);
  CHECK(file("u+r-w", 0200) == 0400);
  CHECK(file("u=rw,go-rwx,+x", 0777) == 0711);
}

TEST_CASE("chmod: X is for directories and what could be executed already", "[parser]") {
  CHECK(directory("u=rwX,go=rX", 0) == 0755);
  CHECK(file("u=rwX,go=rX", 0600) == 0644);
  CHECK(file("u=rwX,go=rX", 0100) == 0755);
  CHECK(file("-X", 0755) == 0644);
}

TEST_CASE("chmod: a class may be copied from another", "[parser]") {
  CHECK(file("g=u", 0740) == 0770);
  CHECK(file("o=g", 0750) == 0755);
  CHECK(file("g+u", 0610) == 0670);
  CHECK(file("o-u", 0707) == 0700);
  CHECK(file("u=g,g=o", 0751) == 0511);
}

TEST_CASE("chmod: set-id bits belong to user and group", "[parser]") {
  CHECK(file("u+s", 0755) == 04755);
  CHECK(file("g+s", 0755) == 02755);
  CHECK(file("+s", 0755) == 06755);
  CHECK(file("o+s", 0755) == 0755);
  CHECK(file("u=rwx", 04755) == 0755);
}

TEST_CASE("chmod: the sticky bit", "[parser]") {
  CHECK(directory("+t", 0777) == 01777);
  CHECK(directory("a+t", 0777) == 01777);
  CHECK(directory("o+t", 0777) == 0777);
  CHECK(directory("-t", 01777) == 0777);
}

TEST_CASE("chmod: other bits of a mode do not come through", "[parser]") {
  CHECK(file("u+x", 0100644) == 0744);
}

TEST_CASE("chmod: other texts are refused, with the text in the fault", "[parser]") {
  for (const char* text : {"", "10000", "64a", "8", "u", "u~r", "rwx", "u+q", "u+r,", ",u+r",
                           "u+r,,g+r", "-1", "0x1", "u=rw go=r"}) {
    INFO(text);
    CHECK_THROWS_WITH(FileMode::parse(text),
                      Catch::Contains("invalid chmod parameter: '" + std::string(text) +
                                      "'. it should be octal string and between 0 and 07777"));
  }
}
