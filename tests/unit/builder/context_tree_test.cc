#include "builder/tree/context_tree.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <cstring>

#include "base/error.h"
#include "tests/support/builder/fakes.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using builder::ContextTree;

namespace {

struct Fixture {
  test::BuildFixture files;  // its context directory
  base::TempDir cache_dir = test::make_scratch_dir();
  builder::FileDigestCache digests{cache_dir.dir().dup()};

  ContextTree tree(const std::vector<std::string>& ignored = {}) {
    return ContextTree(files.context().dup(), parser::IgnoreMatcher(ignored),
                       {digests, files.pool});
  }
};

std::vector<std::string> names(const ContextTree& tree, const std::string& directory = "") {
  std::vector<std::string> found;
  for (const auto& file : tree.children(base::RelPath::clean(directory)))
    found.push_back(file.path().str());
  return found;
}

builder::SourceFile digested(const ContextTree& tree, const std::string& path) {
  auto file = tree.lookup(base::RelPath::clean(path)).value();
  builder::SourceFile* list[] = {&file};
  tree.digest_files(list, {});
  return file;
}

}  // namespace

TEST_CASE("context_tree: files belong to root and keep their modes", "[builder]") {
  Fixture f;
  f.files.write("bin/tool", "x", 04755);
  f.files.link("l", "bin/tool");
  const auto tree = f.tree();
  CHECK(names(tree) == std::vector<std::string>{"bin", "l"});
  const auto file = digested(tree, "bin/tool");
  CHECK(file.entry.mode == 04755);
  CHECK(file.entry.uid == 0);
  CHECK(file.entry.content == base::sha256_of("x"));
  const auto link = tree.lookup(base::RelPath::clean("l")).value();
  CHECK(link.entry.link_target == "bin/tool");
}

TEST_CASE("context_tree: the mode of the directory that holds the context does not count",
          "[builder]") {
  Fixture f;
  REQUIRE(::fchmod(f.files.context().get(), 0700) == 0);
  CHECK(f.tree().lookup({}).value().entry.mode == 0755);
}

TEST_CASE("context_tree: ignored files are not there; a directory with an exception in it is",
          "[builder]") {
  Fixture f;
  for (const auto* path : {"a/keep", "a/drop", "b/drop", "c.log", "d"}) f.files.write(path, "x");
  const auto tree = f.tree({"*", "!a/keep", "!d"});
  CHECK(names(tree) == std::vector<std::string>{"a", "d"});
  CHECK(names(tree, "a") == std::vector<std::string>{"a/keep"});
  CHECK_FALSE(tree.lookup(base::RelPath::clean("b")));
  CHECK_FALSE(tree.lookup(base::RelPath::clean("a/drop")));
  CHECK(tree.hides(base::RelPath::clean("a/drop")));
  CHECK_FALSE(tree.hides(base::RelPath::clean("not/there")));
}

TEST_CASE("context_tree: an ignored directory without exceptions is never opened", "[builder]") {
  Fixture f;
  f.files.write("secret/key", "x");
  f.files.write("src/main.c", "x");
  REQUIRE(::chmod((f.files.context().shown_as() + "/secret").c_str(), 0) == 0);
  const auto tree = f.tree({"secret"});
  CHECK(names(tree) == std::vector<std::string>{"src"});
}

TEST_CASE("context_tree: a socket is an empty file", "[builder]") {
  Fixture f;
  f.files.write("file", "x");
  const std::string path = f.files.context().shown_as() + "/socket";
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  std::strcpy(address.sun_path, path.c_str());
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::fchmodat(f.files.context().get(), "socket", 0640, 0) == 0);
  const auto tree = f.tree();
  CHECK(names(tree) == std::vector<std::string>{"file", "socket"});
  CHECK(digested(tree, "socket").entry.mode == 0640);
  CHECK(f.files.content(tree, "socket") == "");
}

TEST_CASE("context_tree: links lead nowhere outside of the context", "[builder]") {
  Fixture f;
  f.files.write("etc/passwd", "ours");
  f.files.link("up", "../../../../etc/passwd");
  f.files.link("abs", "/etc/passwd");
  const auto tree = f.tree();
  for (const auto* name : {"up", "abs"}) {
    const auto file = builder::resolve(tree, base::RelPath::clean(name), true);
    REQUIRE(file);
    CHECK(file->path().str() == "etc/passwd");
  }
}

TEST_CASE("context_tree: a file that changes between hashing and copying is an error",
          "[builder]") {
  Fixture f;
  f.files.write("file", "first");
  const auto tree = f.tree();
  const auto file = digested(tree, "file");
  f.files.write("file", "other");
  CHECK_THROWS_WITH(base::read_all(*tree.open(file), 100, "file"),
                    Catch::Contains("changed while the build read it"));
}

TEST_CASE("context_tree: what is added to a file after hashing is left out", "[builder]") {
  Fixture f;
  f.files.write("build.log", "first");
  const auto tree = f.tree();
  const auto file = digested(tree, "build.log");
  f.files.write("build.log", "first and more");
  CHECK(base::read_all(*tree.open(file), 100, "build.log") == "first");
  f.files.write("build.log", "other and more");
  CHECK_THROWS_WITH(base::read_all(*tree.open(file), 100, "build.log"),
                    Catch::Contains("changed while the build read it"));
}

TEST_CASE("context_tree: many files are hashed side by side", "[builder]") {
  Fixture f;
  for (int i = 0; i < 100; ++i)
    f.files.write("d/" + std::to_string(i), "content " + std::to_string(i));
  const auto tree = f.tree();
  auto files = tree.children(base::RelPath::clean("d"));
  std::vector<builder::SourceFile*> list;
  for (auto& file : files) list.push_back(&file);
  tree.digest_files(list, {});
  for (const auto& file : files) {
    CHECK(file.entry.content == base::sha256_of("content " + std::string(file.path().name())));
  }
}

TEST_CASE("context_tree: names of one file share a link key", "[builder]") {
  Fixture f;
  f.files.write("one", "x");
  f.files.write("alone", "x");
  REQUIRE(::linkat(f.files.context().get(), "one", f.files.context().get(), "two", 0) == 0);
  const auto tree = f.tree();
  const auto key = [&](const char* name) { return tree.lookup(base::RelPath::clean(name))->link; };
  CHECK(key("one").has_value());
  CHECK(key("one") == key("two"));
  CHECK_FALSE(key("alone").has_value());
}
