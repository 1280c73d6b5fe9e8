#include "parser/go_url.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild::parser;

namespace {

std::string location(std::string_view text) {
  const auto url = read_go_url(text);
  return url ? url->location : "refused";
}

}  // namespace

TEST_CASE("go_url: a path is escaped where it must be, else left as written", "[parser]") {
  CHECK(location("https://h/a b.git") == "https://h/a%20b.git");
  CHECK(location("https://h/\xc3\xa9.git") == "https://h/%C3%A9.git");
  CHECK(location("https://h/a%2fb!(x).git") == "https://h/a%2fb!(x).git");
  CHECK(location("https://h/a!{x}.git") == "https://h/a%21%7Bx%7D.git");
  CHECK(location("https://h/%zz") == "refused");
  CHECK(location("github.com/a b#c") == "github.com/a%20b");
  CHECK(location("github.com/A%2Fb://C") == "github.com/A%2Fb://C");
  CHECK(location("github.com/A b%2Fc://D") == "github.com/A%20b/c://D");
  CHECK(location("ssh://") == "ssh:");
  CHECK(location("GIT://?a=b#c") == "git:");
  CHECK(location("ssh:///") == "ssh:///");
}

TEST_CASE("go_url: a user is decoded and escaped anew", "[parser]") {
  CHECK(location("https://u%40:p:q@h/x") == "https://u%40:p%3Aq@h/x");
  CHECK(location("https://a@b@h/x") == "https://a%40b@h/x");
  CHECK(location("https://u%zz@h/x") == "refused");
  CHECK(location("https://u\\@h/x") == "refused");
}

TEST_CASE("go_url: hosts are checked", "[parser]") {
  CHECK(location("ssh://[::1]:22/x") == "ssh://[::1]:22/x");
  CHECK(location("ssh://[fe80::1%25en0]/x") == "ssh://[fe80::1%25en0]/x");
  CHECK(location("git://a:b:1/x") == "git://a:b:1/x");
  CHECK(location("ssh://\xc3\xa9/x") == "ssh://%C3%A9/x");
  for (const char* refused :
       {"https://a:b:1/x", "ssh://[::1/x", "ssh://[v1.x]/x", "ssh://[1.2.3.4]/x", "ssh://a[::1]/x",
        "ssh://[::1]:a/x", "ssh://[::1%25]/x", "ssh://h%41/x", "ssh://h o/x", "ssh://h:a/x"}) {
    INFO(refused);
    CHECK(location(refused) == "refused");
  }
}

TEST_CASE("go_url: a query keeps the pairs that are right", "[parser]") {
  const auto url = read_go_url("https://h/x?a=1&b=%zz&c;d=2&e=f+g#%41");
  REQUIRE(url);
  REQUIRE(url->query.size() == 2);
  CHECK(url->query[0] == std::pair<std::string, std::string>("a", "1"));
  CHECK(url->query[1] == std::pair<std::string, std::string>("e", "f g"));
  CHECK(url->fragment == "A");
}

TEST_CASE("go_url: a wrong escape is named", "[parser]") {
  const auto fault = [](const char* text) {
    try {
      check_url_escapes(text);
      return std::string();
    } catch (const ibuild::base::UsageError& error) {
      return std::string(error.what());
    }
  };
  CHECK(fault("http://h/a%20b?c=%zz") == "");
  CHECK(fault("http://h/a%zz") == "invalid URL escape \"%zz\"");
  CHECK(fault("http://h/a%4") == "invalid URL escape \"%4\"");
  CHECK(fault("http://h/a?b=%zz#%") == "invalid URL escape \"%\"");
  CHECK(fault("https://u%zz@h/x?%yy") == "invalid URL escape \"%zz\"");
}
