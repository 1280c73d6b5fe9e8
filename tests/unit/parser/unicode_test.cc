#include "parser/unicode.h"

#include <catch2/catch.hpp>

using namespace ibuild::parser;

TEST_CASE("unicode: a byte that is no UTF-8 stands for itself", "[parser]") {
  const Character character = next_character(
      "\xff"
      "a");
  CHECK(character.size == 1);
  CHECK(character.code_point == kInvalidByte + 0xff);
}

TEST_CASE("unicode: characters of several bytes are taken whole", "[parser]") {
  CHECK(next_character("é!").size == 2);
  CHECK(next_character("é!").code_point == 0xe9);
  CHECK(next_character("😀").code_point == 0x1f600);
}

TEST_CASE("unicode: white space includes the no-break space but no zero-width space", "[parser]") {
  CHECK(is_space(' '));
  CHECK(is_space('\v'));
  CHECK(is_space(0xa0));
  CHECK(is_space(0x3000));
  CHECK_FALSE(is_space(0x200b));
  CHECK_FALSE(is_space('x'));
}

TEST_CASE("unicode: blanks part words, a no-break space and a new line do not", "[parser]") {
  CHECK(is_blank('\t'));
  CHECK(is_blank('\f'));
  CHECK_FALSE(is_blank('\n'));
  CHECK_FALSE(is_blank('\xa0'));
}

TEST_CASE("unicode: letters and digits of any script are known", "[parser]") {
  CHECK(is_letter('q'));
  CHECK(is_letter(0xd55c));  // Hangul
  CHECK(is_letter(0x4e2d));  // Han
  CHECK_FALSE(is_letter('_'));
  CHECK_FALSE(is_letter(0x2019));  // a quotation mark
  CHECK_FALSE(is_letter(kInvalidByte + 0xe9));
  CHECK(is_digit('7'));
  CHECK(is_digit(0x663));       // Arabic-Indic three
  CHECK_FALSE(is_digit(0xbd));  // one half
}

TEST_CASE("unicode: trimming takes white space of any script off both ends", "[parser]") {
  CHECK(trim_space("\xc2\xa0 a b\t\xe3\x80\x80") == "a b");
  CHECK(trim_left_space("  a ") == "a ");
  CHECK(trim_space(" \n ").empty());
  CHECK(trim_space("").empty());
}

TEST_CASE("unicode: trimming leaves bytes that are no UTF-8", "[parser]") {
  CHECK(trim_space(" \xa0 ") == "\xa0");
  CHECK(trim_space("\x80\x80") == "\x80\x80");
}
