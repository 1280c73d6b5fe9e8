#include "base/rel_path.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild::base;
using namespace std::string_literals;

TEST_CASE("rel_path: clean behaves as if / were the root", "[base]") {
  struct Case {
    const char* given;
    const char* cleaned;
  };
  const auto c =
      GENERATE(Case{"", ""}, Case{"/", ""}, Case{".", ""}, Case{"a", "a"}, Case{"/a/b/", "a/b"},
               Case{"a//b", "a/b"}, Case{"a/./b", "a/b"}, Case{"a/../b", "b"},
               Case{"../../etc/passwd", "etc/passwd"}, Case{"/..", ""}, Case{"a/b/../../..", ""},
               Case{"..a/b..", "..a/b.."}, Case{"a/...", "a/..."}, Case{"./././x", "x"});
  CHECK(RelPath::clean(c.given).str() == c.cleaned);
}

TEST_CASE("rel_path: cleaning twice changes nothing", "[base]") {
  const auto text = GENERATE("a/b/c", "/x//y/../z", "..", "a/./../..");
  const RelPath once = RelPath::clean(text);
  CHECK(RelPath::clean(once.str()) == once);
  CHECK(RelPath::exact(once.str()) == once);
}

TEST_CASE("rel_path: exact refuses what is not clean", "[base]") {
  const auto text = GENERATE("/", "/a", "a/", "a//b", "./a", "a/.", "..", "a/../b");
  CHECK_THROWS_AS(RelPath::exact(text), ContentError);
}

TEST_CASE("rel_path: a NUL byte is refused", "[base]") {
  CHECK_THROWS_AS(RelPath::clean("a\0b"s), ContentError);
  CHECK_THROWS_AS(RelPath::exact("a\0b"s), ContentError);
}

TEST_CASE("rel_path: exact takes clean text, the root and bytes that are no UTF-8", "[base]") {
  CHECK(RelPath::exact("").is_root());
  CHECK(RelPath::exact("a/b").str() == "a/b");
  CHECK(RelPath::exact("caf\xe9").str() == "caf\xe9");
}

TEST_CASE("rel_path: name and parent", "[base]") {
  const RelPath path = RelPath::exact("usr/lib/x");
  CHECK(path.name() == "x");
  CHECK(path.parent().str() == "usr/lib");
  CHECK(RelPath::exact("usr").parent().is_root());
  const RelPath root;
  CHECK(root.name().empty());
  CHECK(root.parent().is_root());
}

TEST_CASE("rel_path: child takes one name", "[base]") {
  CHECK(RelPath().child("a").str() == "a");
  CHECK(RelPath::exact("a/b").child("c d").str() == "a/b/c d");
  for (const std::string name : {"", ".", "..", "a/b", "/", "a/"})
    CHECK_THROWS_AS(RelPath::exact("a").child(name), ContentError);
  CHECK_THROWS_AS(RelPath().child(std::string("a\0b", 3)), ContentError);
}

TEST_CASE("rel_path: join cannot leave the path it starts from", "[base]") {
  const RelPath path = RelPath::exact("srv/app");
  CHECK(path.join("../../etc").str() == "srv/app/etc");
  CHECK(path.join("/abs").str() == "srv/app/abs");
  CHECK(path.join("").str() == "srv/app");
  CHECK(path.join("x/..").str() == "srv/app");
  CHECK(RelPath().join("x/y").str() == "x/y");
}

TEST_CASE("rel_path: components", "[base]") {
  const RelPath root;
  CHECK(root.components().empty());
  const RelPath path = RelPath::exact("a/b/c");
  CHECK(path.components() == std::vector<std::string_view>{"a", "b", "c"});
}

template <typename Path>
concept GivesViews = requires {
  std::declval<Path>().name();
}
|| requires { std::declval<Path>().components(); };

TEST_CASE("rel_path: no views into a path that is gone", "[base]") {
  STATIC_REQUIRE(GivesViews<const RelPath&>);
  STATIC_REQUIRE_FALSE(GivesViews<RelPath>);
}

TEST_CASE("rel_path: is_within counts whole components", "[base]") {
  const RelPath path = RelPath::exact("usr/lib");
  CHECK(path.is_within(path));
  CHECK(path.is_within(RelPath()));
  CHECK(path.is_within(RelPath::exact("usr")));
  CHECK_FALSE(path.is_within(RelPath::exact("us")));
  CHECK_FALSE(path.is_within(RelPath::exact("usr/lib/x")));
  CHECK_FALSE(RelPath::exact("usr/lib64").is_within(path));
}

TEST_CASE("rel_path: order is that of the bytes; absolute has one slash", "[base]") {
  CHECK(RelPath::exact("a") < RelPath::exact("a/b"));
  CHECK(RelPath::exact("a-b") < RelPath::exact("a/b"));
  CHECK(RelPath().absolute() == "/");
  CHECK(RelPath::exact("a/b").absolute() == "/a/b");
}
