#include "builder/tree/link_walk.h"

#include <catch2/catch.hpp>

#include <map>

#include "base/error.h"

using namespace ibuild;
using builder::LastLink;
using builder::Missing;

namespace {

/// "" is a directory, everything else the target of a link.
using Tree = std::map<std::string, std::optional<std::string>>;

builder::PathLookup lookup_in(const Tree& tree) {
  return [&tree](const base::RelPath& path) -> std::optional<builder::PathKind> {
    const auto found = tree.find(path.str());
    if (found == tree.end()) return std::nullopt;
    return builder::PathKind{!found->second.has_value(), found->second};
  };
}

std::string follow(const Tree& tree, const std::string& path, LastLink last = LastLink::follow,
                   Missing missing = Missing::gives_none) {
  const auto found =
      builder::follow_links(base::RelPath::clean(path), lookup_in(tree), last, missing);
  return found ? "/" + found->str() : "none";
}

const Tree kTree = {{"a", {}},
                    {"a/b", {}},
                    {"rel", "a/b"},
                    {"abs", "/a"},
                    {"a/up", "../../../a"},
                    {"loop", "loop"},
                    {"chain", "rel"},
                    {"dangling", "gone/deep"},
                    {"a/b/abs", "/rel"}};

}  // namespace

TEST_CASE("link_walk: relative and absolute links are followed inside the root", "[builder]") {
  CHECK(follow(kTree, "rel") == "/a/b");
  CHECK(follow(kTree, "abs/b") == "/a/b");
  CHECK(follow(kTree, "chain") == "/a/b");
  CHECK(follow(kTree, "a/b/abs") == "/a/b");
  CHECK(follow(kTree, "a/up/b") == "/a/b");
}

TEST_CASE("link_walk: the last link is kept when asked for", "[builder]") {
  CHECK(follow(kTree, "abs/up", LastLink::keep) == "/a/up");
}

TEST_CASE("link_walk: what is missing gives none, or is taken as it is", "[builder]") {
  CHECK(follow(kTree, "a/nope") == "none");
  CHECK(follow(kTree, "dangling") == "none");
  CHECK(follow(kTree, "abs/nope/x", LastLink::follow, Missing::is_taken) == "/a/nope/x");
  CHECK(follow(kTree, "dangling", LastLink::follow, Missing::is_taken) == "/gone/deep");
}

TEST_CASE("link_walk: a circle is an error", "[builder]") {
  CHECK_THROWS_AS(follow(kTree, "loop"), base::Error);
}
