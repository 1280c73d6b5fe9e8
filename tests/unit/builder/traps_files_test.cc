// Traps of COPY, ADD, ignore files and layers on which builders differ, each through a whole build.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "layers/tar_writer.h"
#include "parser/diagnostic.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using ibuild::test::BuildFixture;
using layers::EntryType;

namespace {

using Tree = std::unique_ptr<builder::LayeredTree>;

Tree build(BuildFixture& f, const std::string& dockerfile) { return f.tree(f.build(dockerfile)); }

test::FakeFile directory(const std::string& path) {
  return {path, "", 0755, 0, 0, EntryType::directory};
}

test::FakeFile a_link(const std::string& path, const std::string& target) {
  return {path, "", 0777, 0, 0, EntryType::symlink, target};
}

/// Every path that the tree holds, sorted.
std::vector<std::string> paths(const builder::SourceTree& tree, const base::RelPath& below = {}) {
  std::vector<std::string> found;
  for (const auto& child : tree.children(below)) {
    if (!child.is_directory()) found.push_back(child.path().str());
    for (auto& path : child.is_directory() ? paths(tree, child.path()) : std::vector<std::string>{})
      found.push_back(std::move(path));
  }
  return found;
}

/// What COPY . / brings under an ignore file.
std::vector<std::string> left_by(const std::string& ignore_file) {
  BuildFixture f;
  for (const char* path :
       {"a", "b.log", "dir/a", "dir/sub/file", "dir/sub/other", "#x", "Dockerfile"})
    f.write(path, path);
  f.request.ignore_file = ignore_file;
  return paths(*build(f, "FROM scratch\nCOPY . /\n"));
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("traps: WORKDIR makes directories for its user, and goes where links lead", "[builder]") {
  BuildFixture f;
  f.images.add("base",
               {{"etc/passwd", "ann:x:7:8::/:\n"}, directory("real"), a_link("l", "/real")});
  const auto tree = build(f, "FROM base\nUSER ann\nWORKDIR /new/deep\nWORKDIR /l/in\n");
  CHECK(f.look(*tree, "new") == "dir 0755 7:8");
  CHECK(f.look(*tree, "new/deep") == "dir 0755 7:8");
  CHECK(f.look(*tree, "real/in") == "dir 0755 7:8");
  CHECK(f.look(*tree, "l") == "link 0777 0:0 /real");
}

TEST_CASE("traps: COPY of a directory brings what is in it, with and without slashes",
          "[builder]") {
  BuildFixture f;
  f.write("dir/file", "x");
  for (const std::string source : {"dir", "dir/", "dir/."}) {
    const auto tree = build(f, "FROM scratch\nCOPY " + source + " /to\n");
    CHECK(paths(*tree) == Paths{"to/file"});
  }
}

TEST_CASE("traps: COPY of a file: a name, a directory by its slash, one that is there",
          "[builder]") {
  BuildFixture f;
  f.images.add("base", {directory("there")});
  f.write("file", "x");
  CHECK(paths(*build(f, "FROM base\nCOPY file new\nCOPY file dir/\nCOPY file there\n")) ==
        Paths{"dir/file", "new", "there/file"});
}

TEST_CASE("traps: wildcards: several into what is no directory, none at all", "[builder]") {
  BuildFixture f;
  f.write("a1", "x");
  f.write("a2", "y");
  CHECK(paths(*build(f, "FROM scratch\nCOPY none* /x/\n")).empty());
  // The last of several takes the one name, as nobody asked for a directory.
  CHECK(f.content(*build(f, "FROM scratch\nCOPY a* /one\n"), "one") == "y");
  CHECK(f.content(*build(f, "FROM scratch\nCOPY a1 a2 /one\n"), "one") == "y");
}

TEST_CASE("traps: COPY through links, in the destination and as source", "[builder]") {
  BuildFixture f;
  f.images.add("base", {directory("real"), a_link("there", "real"), a_link("dangling", "made")});
  f.write("target/file", "x");
  f.link("source", "target");
  f.link("one", "target/file");
  const auto tree =
      build(f, "FROM base\nCOPY source /there/\nCOPY one /name\nCOPY one /dangling/sub/\n");
  CHECK(f.content(*tree, "real/file") == "x");
  CHECK(f.look(*tree, "name") == "file 0644 0:0");
  CHECK(f.content(*tree, "made/sub/one") == "x");
}

TEST_CASE("traps: COPY . . keeps to what an ignore file leaves, COPY --from does not",
          "[builder]") {
  BuildFixture f;
  f.write("keep", "x");
  f.write("drop", "x");
  f.request.ignore_file = "*\n!keep\n";
  CHECK(paths(*build(f, "FROM scratch\nCOPY . .\n")) == Paths{"keep"});
  f.images.add("stage", {{"drop", "x"}});
  CHECK(paths(*build(f, "FROM scratch\nCOPY --from=stage drop .\n")) == Paths{"drop"});
}

TEST_CASE("traps: COPY --link replaces a link on its way, and with --chmod is no link",
          "[builder]") {
  BuildFixture f;
  f.images.add("base", {directory("run"), a_link("var/run", "/run"), {"run/pid", "1"}});
  f.write("file", "x");
  const auto linked = build(f, "FROM base\nCOPY --link file /var/run/\n");
  CHECK(f.look(*linked, "var/run") == "dir 0755 0:0");
  CHECK(f.content(*linked, "var/run/file") == "x");
  CHECK(f.content(*linked, "run/pid") == "1");
  const auto through = build(f, "FROM base\nCOPY --link --chmod=600 file /var/run/\n");
  CHECK(f.look(*through, "var/run") == "link 0777 0:0 /run");
  CHECK(f.look(*through, "run/file") == "file 0600 0:0");
}

TEST_CASE("traps: --parents begins at /./, --exclude goes at any depth", "[builder]") {
  BuildFixture f;
  for (const char* path : {"a/b/c/one.txt", "a/b/c/two.log", "a/b/three.txt"}) f.write(path, "x");
  CHECK(paths(*build(f, "FROM scratch\nCOPY --parents a/b/./c/*.txt /x/\n")) ==
        Paths{"x/c/one.txt"});
  CHECK(paths(*build(f, "FROM scratch\nCOPY --parents a/**/*.txt /\n")) ==
        Paths{"a/b/c/one.txt", "a/b/three.txt"});
  CHECK(paths(*build(f, "FROM scratch\nCOPY --exclude=**/*.log a /\n")) ==
        Paths{"b/c/one.txt", "b/three.txt"});
}

TEST_CASE("traps: --exclude takes variables as they are written", "[builder]") {
  BuildFixture f;
  for (const char* path : {"a/x", "a/$P"}) f.write(path, "x");
  CHECK(paths(*build(f, "FROM scratch\nENV P=x\nCOPY --exclude=$P a /\n")) == Paths{"x"});
  CHECK(paths(*build(f, "FROM scratch\nENV P=x\nADD --exclude=${P} a /\n")) == Paths{"$P", "x"});
}

TEST_CASE("traps: ADD goes by what a file is: archives by any name, and none by their name",
          "[builder]") {
  BuildFixture f;
  base::StringSink sink;
  layers::TarWriter writer(sink);
  layers::LayerEntry file;
  file.path = base::RelPath::exact("inside");
  writer.add(file, nullptr);
  writer.finish();
  f.write("archive.txt", sink.take());
  f.write("text.tar.gz", "only text");
  const auto tree = build(f, "FROM scratch\nADD archive.txt /a/\nADD text.tar.gz /b/\n");
  CHECK(paths(*tree) == Paths{"a/inside", "b/text.tar.gz"});
}

TEST_CASE("traps: ADD keeps hard links and capabilities of an archive, and gives no way out",
          "[builder]") {
  BuildFixture f;
  base::StringSink sink;
  layers::TarWriter writer(sink);
  const auto add = [&](const char* path, EntryType type, const std::string& target,
                       std::vector<base::Xattr> xattrs) {
    layers::LayerEntry entry;
    entry.path = base::RelPath::exact(path);
    entry.type = type;
    entry.link_target = target;
    entry.xattrs = std::move(xattrs);
    writer.add(entry, nullptr);
  };
  const std::string capability("\1\0\0\2\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  add("ping", EntryType::file, "", {{"security.capability", capability}, {"user.x", "1"}});
  add("pong", EntryType::hardlink, "ping", {});
  add("up", EntryType::symlink, "../..", {});
  writer.finish();
  std::string tar = sink.take();
  f.write("archive.tar", tar);
  const auto tree = build(f, "FROM scratch\nADD archive.tar /a/\nADD archive.tar /a/up/b/\n");
  CHECK(paths(*tree) == Paths{"a/ping", "a/pong", "a/up", "b/ping", "b/pong", "b/up"});
  const auto ping = tree->lookup(base::RelPath::clean("a/ping"));
  REQUIRE(ping->entry.xattrs.size() == 1);  // as BuildKit, which keeps no others
  CHECK(ping->entry.xattrs[0] == base::Xattr{"security.capability", capability});
  CHECK(f.look(*tree, "a/pong") == f.look(*tree, "a/ping"));
}

TEST_CASE("traps: what a step writes below a VOLUME stays", "[builder]") {
  BuildFixture f;
  f.images.add("base", {directory("data")});
  f.sandbox.on("fill", [](const base::DirFd& root, sandbox::StepObserver&) {
    base::write_file_atomically(root, base::RelPath::exact("data/made"), "x");
    return 0;
  });
  f.write("file", "x");
  CHECK(paths(*build(f, "FROM base\nVOLUME /data\nRUN fill\nCOPY file /data/\n")) ==
        Paths{"data/file", "data/made"});
}

TEST_CASE("traps: ignore files", "[builder]") {
  const Paths all = {"#x", "Dockerfile", "a", "b.log", "dir/a", "dir/sub/file", "dir/sub/other"};
  CHECK(left_by("") == all);
  CHECK(left_by("*\n!a\n") == Paths{"a"});
  CHECK(left_by("**/a\n") == Paths{"#x", "Dockerfile", "b.log", "dir/sub/file", "dir/sub/other"});
  CHECK(left_by("a\n") ==
        Paths{"#x", "Dockerfile", "b.log", "dir/a", "dir/sub/file", "dir/sub/other"});
  CHECK(left_by("dir\n") == left_by("dir/\n"));
  CHECK(left_by("dir\n!dir/sub/file\n") == Paths{"#x", "Dockerfile", "a", "b.log", "dir/sub/file"});
  CHECK(left_by("  a   \n#x\n") == left_by("a\n"));
  CHECK(left_by("\\#x\n") ==
        Paths{"Dockerfile", "a", "b.log", "dir/a", "dir/sub/file", "dir/sub/other"});
  CHECK(left_by("Dockerfile\n") ==
        Paths{"#x", "a", "b.log", "dir/a", "dir/sub/file", "dir/sub/other"});
}

TEST_CASE("traps: SOURCE_DATE_EPOCH unset leaves times, set gives one digest, noise is an error",
          "[builder]") {
  BuildFixture f;
  f.write("file", "x");
  const std::string dockerfile = "FROM scratch\nCOPY file /\n";
  const auto first = f.build(dockerfile).image.digest;
  const timespec later[2] = {{1'900'000'000, 0}, {1'900'000'000, 0}};
  REQUIRE(::utimensat(f.context().get(), "file", later, 0) == 0);
  f.request.no_cache = true;
  CHECK(f.build(dockerfile).image.digest == first);
  f.request.build_args["SOURCE_DATE_EPOCH"] = "soon";
  CHECK_THROWS_AS(f.build(dockerfile), base::UsageError);
}
