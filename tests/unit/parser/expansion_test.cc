#include "parser/expansion.h"

#include <catch2/catch.hpp>
#include <map>

#include "base/error.h"

using namespace ibuild::parser;
using ibuild::base::UsageError;
using Names = std::set<std::string>;
using Strings = std::vector<std::string>;

namespace {

std::optional<std::string> look_up(std::string_view name) {
  static const std::map<std::string, std::string, std::less<>> kEnv = {
      {"name", "value"},
      {"empty", ""},
      {"path", "/usr/lib/x.tar.gz"},
      {"two", "a b"},
      {"größe", "XL"}};
  const auto found = kEnv.find(name);
  return found == kEnv.end() ? std::nullopt : std::optional(found->second);
}

std::string word(std::string_view text, char escape = '\\') {
  return Expander(escape, &look_up).expand_word(text).text;
}
Strings words(std::string_view text) { return Expander('\\', &look_up).expand_words(text); }
std::string heredoc(std::string_view text) {
  return Expander('`', &look_up).expand_heredoc(text).text;
}
std::string shown(std::string_view text) {
  return Expander('\\', &look_up).expand_for_display(text);
}

std::string message_of(std::string_view text) {
  try {
    word(text);
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("expansion: variables with and without braces", "[parser]") {
  CHECK(word("a-$name-b") == "a-value-b");
  CHECK(word("a${name}b") == "avalueb");
  CHECK(word("$unset${unset}").empty());
}

TEST_CASE("expansion: a name takes letters and digits of any script", "[parser]") {
  CHECK(word("$größe!") == "XL!");
  CHECK(word("$name2").empty());
  CHECK(word("$name가").empty());
  CHECK(word("$name™") == "value™");
}

TEST_CASE("expansion: a dollar before no name stays", "[parser]") {
  CHECK(word("$.a") == "$.a");
  CHECK(word("a$") == "a$");
  CHECK(word("$%") == "$%");
}

TEST_CASE("expansion: numbers and special parameters are names that nobody sets", "[parser]") {
  CHECK(word("a$12b") == "ab");
  CHECK(word("a$*b$?c$$d") == "abcd");
  CHECK(word("${!}${@:-x}") == "x");
}

TEST_CASE("expansion: a default for unset, and with a colon for empty too", "[parser]") {
  CHECK(word("${unset-d}") == "d");
  CHECK(word("${unset:-d}") == "d");
  CHECK(word("${empty-d}").empty());
  CHECK(word("${empty:-d}") == "d");
  CHECK(word("${name:-d}") == "value");
}

TEST_CASE("expansion: an alternative for set, and with a colon for not empty", "[parser]") {
  CHECK(word("${name+a}${name:+b}") == "ab");
  CHECK(word("${empty+a}${empty:+b}") == "a");
  CHECK(word("${unset+a}${unset:+b}").empty());
}

TEST_CASE("expansion: a variable may be demanded", "[parser]") {
  CHECK(word("${name:?}${empty?}") == "value");
  CHECK(message_of("${unset?you must say so}").find("unset: you must say so") != std::string::npos);
  CHECK(message_of("${unset?}").find("unset: is not allowed to be unset") != std::string::npos);
  CHECK(message_of("${empty:?}").find("empty: is not allowed to be empty") != std::string::npos);
}

TEST_CASE("expansion: words in braces nest", "[parser]") {
  CHECK(word("${unset:-${empty:-$name}}") == "value");
  CHECK(word("${name:+<${path##*/}>}") == "<x.tar.gz>");
  CHECK(word("${unset:-\"a}b\"}") == "a}b");
}

TEST_CASE("expansion: prefixes and suffixes are stripped", "[parser]") {
  CHECK(word("${path#*/}") == "usr/lib/x.tar.gz");
  CHECK(word("${path##*/}") == "x.tar.gz");
  CHECK(word("${path%.*}") == "/usr/lib/x.tar");
  CHECK(word("${path%%.*}") == "/usr/lib/x");
  CHECK(word("${path%$unset}") == "/usr/lib/x.tar.gz");
}

TEST_CASE("expansion: text is replaced", "[parser]") {
  CHECK(word("${path/x/y}") == "/usr/lib/y.tar.gz");
  CHECK(word("${path//r/R}") == "/usR/lib/x.taR.gz");
  CHECK(word("${path//\\//:}") == ":usr:lib:x.tar.gz");
  CHECK(word("${path/$name/y}") == "/usr/lib/x.tar.gz");
}

TEST_CASE("expansion: a replacement may be anchored", "[parser]") {
  CHECK(word("${name/#v/V}") == "Value");
  CHECK(word("${name/#a/A}") == "value");
  CHECK(word("${name/%e/E}") == "valuE");
  CHECK(word("${name/%/!}") == "value!");
}

TEST_CASE("expansion: single quotes keep all, double quotes expand", "[parser]") {
  CHECK(word("'$name \\'") == "$name \\");
  CHECK(word("\"$name 'x'\"") == "value 'x'");
  CHECK(word("a\"b\"'c'") == "abc");
}

TEST_CASE("expansion: an escape takes the meaning off", "[parser]") {
  CHECK(word("\\$name \\a \\\\") == "$name a \\");
  CHECK(word("a\\") == "a");
  CHECK(word("`$name \\a", '`') == "$name \\a");
}

TEST_CASE("expansion: within double quotes few characters can be escaped", "[parser]") {
  CHECK(word("\"\\$name \\\" \\\\ \\a\"") == "$name \" \\ \\a");
}

TEST_CASE("expansion: open quotes and braces are faults", "[parser]") {
  for (const char* text :
       {"'a", "\"a", "\"a\\\"", "${name", "${name:-a", "${name/a", "${name/a/b", "${"}) {
    INFO(text);
    CHECK_THROWS_AS(word(text), UsageError);
  }
}

TEST_CASE("expansion: bad substitutions are faults that show the word", "[parser]") {
  for (const char* text : {"${}", "${:x}", "${{a}", "${name=x}", "${name:=x}", "${name:#x}",
                           "${name:}", "${a b}", "${name^^}", "${name#\\a}"}) {
    INFO(text);
    CHECK(message_of(text).find(text) != std::string::npos);
  }
}

TEST_CASE("expansion: names used are told apart", "[parser]") {
  const auto expanded = Expander('\\', &look_up).expand_word("$name ${gone} ${other:-x} '$quoted'");
  CHECK(expanded.used == Names{"name"});
  CHECK(expanded.unmatched == Names{"gone"});
  CHECK(expanded.unset == Names{"gone", "other"});
}

TEST_CASE("expansion: words split at blanks, also at those that come out of variables",
          "[parser]") {
  CHECK(words("a $two c") == Strings{"a", "a", "b", "c"});
  CHECK(words("x$two") == Strings{"xa", "b"});
  CHECK(words("\"$two\" 'd e'") == Strings{"a b", "d e"});
  CHECK(words(" $empty ").empty());
}

TEST_CASE("expansion: a nested word takes away what stands before it in its word", "[parser]") {
  CHECK(words("80${unset:-1}") == Strings{"1"});
  CHECK(words("a b${unset-c}d") == Strings{"a", "cd"});
  CHECK(words("a${name}${name#v}-$name") == Strings{"alue-value"});
  CHECK(words("80\"${unset:-1}\"") == Strings{"1"});
  CHECK(words("\"80${unset:-1}\"") == Strings{"801"});
  CHECK(words("80${unset:-} 90") == Strings{"90"});
  CHECK(word("80${unset:-1}") == "801");
}

TEST_CASE("expansion: an empty quoted word is no word", "[parser]") {
  CHECK(words("'' a") == Strings{"a"});
}

TEST_CASE("expansion: heredocs keep quotes and take the backslash as escape", "[parser]") {
  CHECK(heredoc("a \"$name\" '$name'\n") == "a \"value\" 'value'\n");
  CHECK(heredoc("\\$name `$name") == "$name `value");
}

TEST_CASE("expansion: for display only what is set is expanded", "[parser]") {
  CHECK(shown("echo \"$name\" $unset ${unset:-x} \\$name") ==
        "echo \"value\" $unset ${unset:-x} \\$name");
  CHECK(shown("${unset#a}${unset/a/b}${unset//a/b}") == "${unset#a}${unset/a/b}${unset//a/b}");
  CHECK(shown("it's $name") == "it's $name");
}

TEST_CASE("expansion: nesting and growth are bounded", "[parser]") {
  std::string nested;
  for (int i = 0; i < 5000; ++i) nested += "${a:-";
  CHECK_THROWS_AS(word(nested), UsageError);
  const Expander expander('\\', [](std::string_view) { return std::string(1 << 20, 'x'); });
  std::string many;
  for (int i = 0; i < 20; ++i) many += "$a";
  CHECK_THROWS_AS(expander.expand_word(many), UsageError);
}

TEST_CASE("expansion: bytes that are no UTF-8 are kept", "[parser]") {
  CHECK(word("\xff$name\xfe") == "\xffvalue\xfe");
  CHECK(word("\"\xff\\\xfe\"") == "\xff\\\xfe");
}

TEST_CASE("expansion: a long word is shortened in its fault", "[parser]") {
  CHECK(message_of("${" + std::string(10000, 'a')).size() < 300);
}

TEST_CASE("expansion meter: the values of a file have a bound, together", "[parser]") {
  ExpansionMeter meter;
  const std::string half(ExpansionMeter::kMaxBytes / 2, 'x');
  const Expander expander('\\', meter.watch([&](std::string_view) { return std::optional(half); }));
  CHECK(expander.expand_word("$a").text.size() == half.size());
  CHECK(expander.expand_word("$a").text.size() == half.size());
  CHECK_THROWS_WITH(expander.expand_word("$a"), Catch::Contains("more than 16.0 MiB of text") ||
                                                    Catch::Contains("more than 16 MiB of text"));
}
