// COPY and ADD through whole builds: what testdata/dockerfiles/ cannot hold (hard links, modes,
// archives) or what must fail.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "layers/compression.h"
#include "layers/tar_writer.h"
#include "parser/diagnostic.h"
#include "tests/support/builder/fakes.h"
#include "tests/unit/builder/context/tar_text.h"

using namespace ibuild;
using ibuild::test::BuildFixture;
using layers::EntryType;

namespace {

layers::LayerEntry entry(const std::string& path, EntryType type, const std::string& extra = "") {
  layers::LayerEntry entry;
  entry.path = base::RelPath::clean(path);
  entry.type = type;
  entry.mode = type == EntryType::directory ? 0750 : 0640;
  entry.uid = 11;
  entry.gid = 12;
  entry.mtime = base::TimePoint(std::chrono::seconds(1'000'000'000));
  if (type == EntryType::file) entry.size_bytes = extra.size();
  if (type == EntryType::symlink || type == EntryType::hardlink) entry.link_target = extra;
  return entry;
}

struct Item {
  std::string path;
  EntryType type;
  std::string extra;  // content, or where a link leads
};

std::string make_tar(const std::vector<Item>& items) {
  base::StringSink sink;
  layers::TarWriter writer(sink);
  for (const auto& item : items) {
    base::StringSource data(item.extra);
    writer.add(entry(item.path, item.type, item.extra),
               item.type == EntryType::file ? &data : nullptr);
  }
  writer.finish();
  return sink.take();
}

/// The paths of the image's layer of this number, each with a space behind it.
std::string layer_paths(BuildFixture& f, const builder::BuildResult& result, std::size_t number) {
  const auto config = f.config(result);
  const auto index = f.store->layers().index({config.diff_ids.at(number), std::nullopt, nullptr});
  std::string paths;
  for (const auto& entry : index->entries()) paths += entry.path.str() + " ";
  return paths;
}

/// Gives the first entry a name that the writer refuses, by hand and with a checksum that fits.
void rename_first(std::string& tar, const std::string& name) {
  std::fill(tar.begin(), tar.begin() + 100, '\0');
  std::copy(name.begin(), name.end(), tar.begin());
  std::fill(tar.begin() + 148, tar.begin() + 156, ' ');
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(tar[i]);
  std::snprintf(tar.data() + 148, 8, "%06o", sum);
}

std::string gzip(const std::string& bytes, base::ThreadPool& pool) {
  base::StringSink sink;
  const auto compressor = layers::make_compressor({}, sink, pool);
  compressor->write(base::as_bytes(bytes));
  compressor->finish();
  return sink.take();
}

}  // namespace

TEST_CASE("copy: hard links stay links within one source and do not join two", "[builder]") {
  BuildFixture f;
  f.write("tree/a", "x");
  REQUIRE(::linkat(f.context().get(), "tree/a", f.context().get(), "tree/b", 0) == 0);
  const auto result = f.build("FROM scratch\nCOPY tree /one\nCOPY tree/a tree/b /two/\n");
  const auto config = f.config(result);
  const auto one = f.store->layers().index({config.diff_ids.at(0), std::nullopt, nullptr});
  CHECK(one->find(base::RelPath::clean("one/a"))->type == EntryType::file);
  CHECK(one->find(base::RelPath::clean("one/b"))->type == EntryType::hardlink);
  const auto two = f.store->layers().index({config.diff_ids.at(1), std::nullopt, nullptr});
  CHECK(two->find(base::RelPath::clean("two/b"))->type == EntryType::file);
}

TEST_CASE("copy: existing directories keep their mode and owner, deeper ones take the source's",
          "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"srv", "", 0700, 5, 6, EntryType::directory},
                        {"srv/sub", "", 0711, 5, 6, EntryType::directory}});
  f.write("tree/sub/x", "x");
  REQUIRE(::fchmodat(f.context().get(), "tree/sub", 0750, 0) == 0);
  const auto tree = f.tree(f.build("FROM base\nCOPY tree /srv\n"));
  CHECK(f.look(*tree, "srv") == "dir 0700 5:6");
  CHECK(f.look(*tree, "srv/sub") == "dir 0750 0:0");
}

TEST_CASE("copy: a directory that stands already takes its source's time", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"srv", "", 0700, 5, 6, EntryType::directory}});
  f.write("tree/x", "x");
  const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  REQUIRE(::utimensat(f.context().get(), "tree", times, 0) == 0);
  const auto tree = f.tree(f.build("FROM base\nCOPY tree /srv\n"));
  const auto srv = tree->lookup(base::RelPath::clean("srv"));
  CHECK(srv->entry.mtime == base::TimePoint(std::chrono::seconds(1'000'000'000)));
  CHECK(f.look(*tree, "srv") == "dir 0700 5:6");
}

TEST_CASE("copy: wildcards that match nothing, and directories that are there, still make a layer",
          "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"srv/keep", ""}});
  const auto config =
      f.config(f.build("FROM base\nCOPY none* /srv/\nWORKDIR /srv\nWORKDIR /\nRUN nothing\n"));
  REQUIRE(config.diff_ids.size() == 4);
  CHECK(config.diff_ids[1] == config.diff_ids[2]);  // both empty
  CHECK(f.store->layers().index({config.diff_ids[1], std::nullopt, nullptr})->entries().empty());
  REQUIRE(config.history.size() == 5);
  CHECK_FALSE(config.history[1].empty_layer);
  CHECK_FALSE(config.history[2].empty_layer);
  CHECK(config.history[3].empty_layer);  // WORKDIR / has nothing to make
  CHECK_FALSE(config.history[4].empty_layer);
}

TEST_CASE("copy: times are those of the source, and none is later than SOURCE_DATE_EPOCH",
          "[builder]") {
  BuildFixture f;
  f.write("old", "x");
  f.write("new", "x");
  const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  REQUIRE(::utimensat(f.context().get(), "old", times, 0) == 0);
  const auto tree = f.tree(f.build("FROM scratch\nCOPY . /\n"));
  const auto seconds = [&](const char* path) {
    return std::chrono::floor<std::chrono::seconds>(
               tree->lookup(base::RelPath::clean(path))->entry.mtime)
        .time_since_epoch()
        .count();
  };
  CHECK(seconds("old") == 1'000'000'000);
  CHECK(seconds("new") == 1'700'000'000);
}

TEST_CASE("copy: --parents finds nothing behind a link or an exclusion", "[builder]") {
  BuildFixture f;
  f.write("dir/file", "x");
  f.link("link", "dir");
  const auto fails = [&](const std::string& line, const std::string& path) {
    CHECK_THROWS_WITH(f.build("FROM scratch\n" + line + "\n"),
                      Catch::Contains("\"" + path + "\": not found"));
  };
  fails("COPY --parents link/file /", "/link/file");
  fails("COPY --parents --exclude=dir dir/file /", "/dir/file");
  fails("COPY --parents dir/other /", "/dir/other");
  const auto tree = f.tree(f.build("FROM scratch\nCOPY --parents link/./file no* /x/\n"));
  CHECK(f.content(*tree, "x/file") == "x");
}

TEST_CASE("copy: names that mean deletions in a layer are left out with a warning", "[builder]") {
  BuildFixture f;
  f.write("tree/.wh.hidden", "x");
  f.write("tree/.wh.dir/file", "x");
  f.write("tree/seen", "x");
  const auto tree = f.tree(f.build("FROM scratch\nCOPY tree /\n"));
  CHECK(f.content(*tree, "seen") == "x");
  CHECK(tree->children({}).size() == 1);
  CHECK(f.events.warnings().size() == 2);
}

TEST_CASE("copy: what the image has already is no part of the layer", "[builder]") {
  BuildFixture f;
  f.write("a", "same");
  f.write("d/b", "b");
  f.write("d/empty/x", "x");
  f.write("tar", make_tar({{"n", EntryType::file, "n"}, {"s", EntryType::symlink, "n"}}));
  const auto result = f.build(
      "FROM scratch\nCOPY a d/b /x/\nCOPY a d /x/\nCOPY a d /x/\nADD tar /y\nADD tar /y\n"
      "COPY --chmod=600 a /x/\nCOPY --link a /x/\n");
  CHECK(layer_paths(f, result, 1) == "x x/empty x/empty/x ");
  CHECK(layer_paths(f, result, 2).empty());
  CHECK(layer_paths(f, result, 4).empty());
  CHECK(layer_paths(f, result, 5) == "x x/a ");
  CHECK(layer_paths(f, result, 6) == "x x/a ");
  const auto tree = f.tree(result);
  CHECK(f.content(*tree, "x/a") == "same");
  CHECK(f.look(*tree, "y/s") == "link 0777 11:12 n");
}

TEST_CASE("copy: other bytes of the same size and time are a change", "[builder]") {
  BuildFixture f;
  const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 5}};
  f.write("one/a", "1");
  f.write("two/a", "2");
  for (const char* path : {"one/a", "two/a"})
    REQUIRE(::utimensat(f.context().get(), path, times, 0) == 0);
  const auto result = f.build("FROM scratch\nCOPY one /\nCOPY two /\nCOPY two /\n");
  CHECK(layer_paths(f, result, 1) == "a ");
  CHECK(layer_paths(f, result, 2).empty());
}

TEST_CASE("copy: names of one file stay together, changed or not", "[builder]") {
  BuildFixture f;
  f.write("d/a", "x");
  REQUIRE(::linkat(f.context().get(), "d/a", f.context().get(), "d/b", 0) == 0);
  const auto result = f.build("FROM scratch\nCOPY d /\nCOPY d /\n");
  CHECK(layer_paths(f, result, 1) == "a b ");
}

TEST_CASE("add: what an archive takes away and brings again is compared with the image",
          "[builder]") {
  BuildFixture f;
  f.write("one", make_tar({{"d", EntryType::directory, ""},
                           {"d/same", EntryType::file, "x"},
                           {"d/other", EntryType::file, "1"},
                           {"d/gone", EntryType::file, "1"}}));
  f.write("two", make_tar({{"d", EntryType::file, "a file"},
                           {"d", EntryType::directory, ""},
                           {"d/same", EntryType::file, "x"},
                           {"d/other", EntryType::file, "2"}}));
  const auto tree = f.tree(f.build("FROM scratch\nADD one /\nADD two /\n"));
  CHECK(f.content(*tree, "d/same") == "x");
  CHECK(f.content(*tree, "d/other") == "2");
  CHECK_FALSE(f.content(*tree, "d/gone"));
}

TEST_CASE("copy: a file cannot take a directory's place", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"tree/name/inner", "x"}});
  f.write("tree/name", "file");
  CHECK_THROWS_WITH(f.build("FROM base\nCOPY tree /tree\n"),
                    Catch::Contains("cannot replace directory /tree/name"));
}

TEST_CASE("copy: through a stage, owners and special files are kept", "[builder]") {
  BuildFixture f;
  f.images.add("src", {{"d/file", "x", 06755, 7, 8}, {"d/pipe", "", 0600, 7, 8, EntryType::fifo}});
  const auto tree = f.tree(f.build("FROM scratch\nCOPY --from=src /d /d\n"));
  CHECK(f.look(*tree, "d/file") == "file 6755 7:8");
  CHECK(f.look(*tree, "d/pipe") == "fifo 0600 7:8");
}

TEST_CASE("copy: from a changed stage, but of unchanged files, hits", "[builder]") {
  BuildFixture f;
  f.images.add("src", {{"used", "same"}, {"other", "1"}});
  f.build("FROM scratch\nCOPY --from=src /used /\n");
  f.images.add("src", {{"used", "same"}, {"other", "2"}});
  f.events.clear();
  f.build("FROM scratch\nCOPY --from=src /used /\n");
  CHECK(f.events.reasons().empty());
}

TEST_CASE("copy: --link does not depend on what it lands on", "[builder]") {
  BuildFixture f;
  f.write("file", "x");
  f.images.add("base", {{"a", "1"}});
  f.build("FROM base\nCOPY --link file /x/file\n");
  f.images.add("base", {{"a", "2"}});
  f.events.clear();
  const auto tree = f.tree(f.build("FROM base\nCOPY --link file /x/file\n"));
  CHECK(f.events.reasons().empty());
  CHECK(f.content(*tree, "a") == "2");
}

TEST_CASE("add: an archive is extracted by its content, not its name; owners and times are its own",
          "[builder]") {
  BuildFixture f;
  const auto tar = make_tar({{"d", EntryType::directory, ""},
                             {"d/file", EntryType::file, "hello"},
                             {"d/link", EntryType::symlink, "file"},
                             {"d/hard", EntryType::hardlink, "d/file"},
                             {"deep/er/file", EntryType::file, "implied parents"}});
  f.write("plain.txt", tar);
  f.write("packed", gzip(tar, f.pool));
  f.write("fake.tar.gz", "no archive at all");
  const auto tree = f.tree(
      f.build("FROM scratch\nADD plain.txt packed /x/\nADD fake.tar.gz /y/\nCOPY packed /z\n"));
  CHECK(f.look(*tree, "x/d") == "dir 0750 11:12");
  CHECK(f.content(*tree, "x/d/file") == "hello");
  CHECK(f.look(*tree, "x/d/link") == "link 0777 11:12 file");
  CHECK(f.content(*tree, "x/d/hard") == "hello");
  CHECK(f.look(*tree, "x/deep/er") == "dir 0755 0:0");
  CHECK(f.content(*tree, "y/fake.tar.gz") == "no archive at all");
  CHECK(f.content(*tree, "z") == gzip(tar, f.pool));
}

TEST_CASE("add: an archive's links are followed with the destination as root", "[builder]") {
  BuildFixture f;
  f.images.add("base",
               {{"etc/passwd", "real"}, {"x/out", "", 0777, 0, 0, EntryType::symlink, "/etc"}});
  f.write("a.tar", make_tar({{"up", EntryType::symlink, "../../.."},
                             {"up/file", EntryType::file, "confined"},
                             {"out/passwd", EntryType::file, "not the image's"}}));
  const auto tree = f.tree(f.build("FROM base\nADD a.tar /x\n"));
  CHECK(f.content(*tree, "x/file") == "confined");
  CHECK(f.content(*tree, "etc/passwd") == "real");
  CHECK(f.content(*tree, "x/etc/passwd") == "not the image's");
}

TEST_CASE(
    "add: an entry replaces what is in its way, and a directory hides what a replaced one held",
    "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"t/dir/old", "x"}, {"t/file", "x"}, {"t/kept/inner", "x"}});
  f.write("a.tar", make_tar({{"dir", EntryType::file, "now a file"},
                             {"file", EntryType::directory, ""},
                             {"kept", EntryType::file, "for a moment"},
                             {"kept", EntryType::directory, ""}}));
  const auto tree = f.tree(f.build("FROM base\nADD a.tar /t\n"));
  CHECK(f.content(*tree, "t/dir") == "now a file");
  CHECK(f.look(*tree, "t/file") == "dir 0750 11:12");
  CHECK(f.look(*tree, "t/kept") == "dir 0750 11:12");
  CHECK(f.look(*tree, "t/kept/inner").empty());
}

TEST_CASE("add: a name above the archive's root stays in the destination", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"etc/passwd", "real"}});
  std::string tar = make_tar({{"passwd", EntryType::file, "the archive's"}});
  rename_first(tar, "../etc/passwd");
  f.write("a.tar", tar);
  const auto tree = f.tree(f.build("FROM base\nADD a.tar /x\n"));
  CHECK(f.content(*tree, "etc/passwd") == "real");
  CHECK(f.content(*tree, "x/etc/passwd") == "the archive's");
}

TEST_CASE("add: the last hard link says which mode, owner and time the file has", "[builder]") {
  BuildFixture f;
  f.write("a.tar", test::TarText{.name = "file", .content = "x", .mode = 0755, .uid = 1}.str() +
                       test::TarText{.name = "one", .type = '1', .link = "file", .uid = 2}.str() +
                       test::TarText{.name = "two",
                                     .type = '1',
                                     .link = "../one",
                                     .mode = 04711,
                                     .uid = 3,
                                     .mtime = 1000000000}
                           .str() +
                       test::tar_end());
  const auto tree = f.tree(f.build("FROM scratch\nADD a.tar /x/\nADD --chown=5 a.tar /y/\n"));
  for (const char* name : {"x/file", "x/one", "x/two"}) {
    CAPTURE(name);
    CHECK(f.look(*tree, name) == "file 4711 3:3");
    CHECK(tree->lookup(base::RelPath::clean(name))->entry.mtime ==
          base::TimePoint(std::chrono::seconds(1'000'000'000)));
  }
  CHECK(f.look(*tree, "y/one") == "file 4711 5:5");
}

TEST_CASE("add: whiteout names of an archive are left out with a warning", "[builder]") {
  BuildFixture f;
  std::string tar = make_tar({{"file", EntryType::file, ""}, {"seen", EntryType::file, "x"}});
  rename_first(tar, ".wh.file");
  f.images.add("base", {{"t/file", "stays"}});
  f.write("a.tar", tar);
  const auto tree = f.tree(f.build("FROM base\nADD a.tar /t\n"));
  CHECK(f.content(*tree, "t/file") == "stays");
  CHECK(f.content(*tree, "t/seen") == "x");
  CHECK(f.events.warnings().size() == 1);
}

TEST_CASE("add: what follows an archive in its file does no harm, before 1970 is 1970",
          "[builder]") {
  BuildFixture f;
  const std::string tar =
      test::TarText{.name = "pax", .content = "12 mtime=-5\n", .type = 'x'}.str() +
      test::TarText{.name = "old", .content = "x"}.str() + test::tar_end();
  f.write("plain", tar + "junk");
  f.write("packed", test::compress_with("gzip", tar) + "junk");
  const auto tree = f.tree(f.build("FROM scratch\nADD plain /a\nADD packed /b\n"));
  CHECK(f.content(*tree, "a/old") == "x");
  CHECK(f.content(*tree, "b/old") == "x");
  CHECK(tree->lookup(base::RelPath::clean("a/old"))->entry.mtime == base::TimePoint());
}

TEST_CASE("add: what ends before its first entry is no archive, what ends later is a broken one",
          "[builder]") {
  BuildFixture f;
  const std::string pax =
      test::TarText{.name = "pax", .content = "12 mtime=-5\n", .type = 'x'}.str();
  f.write("short", pax);
  f.write("broken", pax + test::TarText{.name = "old", .content = "x"}.str().substr(0, 512));
  const auto tree = f.tree(f.build("FROM scratch\nADD short /a/\n"));
  CHECK(f.content(*tree, "a/short") == pax);
  try {
    f.build("FROM scratch\nADD broken /a/\n");
    FAIL("a broken archive was taken");
  } catch (const parser::DockerfileError& error) {
    CHECK(error.range().start.line == 2);
    CHECK_THAT(error.what(), Catch::Contains("the archive /broken"));
  }
}

TEST_CASE("copy: directories made in one with the setgid bit inherit it and its group",
          "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"data", "", 02775, 5, 6, EntryType::directory}});
  f.write("file", "x");
  const auto tree = f.tree(f.build(
      "FROM base\nWORKDIR /data/w\nCOPY file /data/a/b/\nCOPY --chown=1:2 file /data/c/\n"));
  CHECK(f.look(*tree, "data/w") == "dir 2755 0:6");
  CHECK(f.look(*tree, "data/a/b") == "dir 2755 0:6");
  CHECK(f.look(*tree, "data/c") == "dir 2755 1:2");
}

TEST_CASE("copy: a link in the root that leads nowhere is refused beside filters", "[builder]") {
  BuildFixture f;
  f.write("file", "x");
  REQUIRE(::symlinkat("nowhere", f.context().get(), "dangling") == 0);
  f.build("FROM scratch\nCOPY . /\n");
  f.build("FROM scratch\nCOPY --exclude=dang* . /\n");
  for (const char* copy : {"--exclude=x . /", "--parents dangling /", "--parents d* /"}) {
    INFO(copy);
    CHECK_THROWS_WITH(f.build("FROM scratch\nCOPY " + std::string(copy) + "\n"),
                      Catch::Contains("\"/dangling\": not found"));
  }
}

TEST_CASE("copy: a heredoc's name is that of a file in no directory", "[builder]") {
  BuildFixture f;
  CHECK_THROWS_WITH(f.build("FROM scratch\nCOPY <<a/b /d/\nx\na/b\n"),
                    Catch::Contains("a file of the name \"a/b\""));
}

TEST_CASE("copy, workdir: a loop of links is an error of the line", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"loop", "", 0777, 0, 0, EntryType::symlink, "loop"}});
  f.write("file", "x");
  for (const char* line : {"WORKDIR /loop", "COPY file /loop/"}) {
    INFO(line);
    CHECK_THROWS_AS(f.build("FROM base\n" + std::string(line) + "\n"), parser::DockerfileError);
  }
}

TEST_CASE("add: an archive's entry for the root changes nothing, whatever it is", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"t", "", 0700, 5, 6, EntryType::directory}});
  for (const auto type : {EntryType::file, EntryType::directory}) {
    std::string tar = make_tar({{"a", type, ""}, {"seen", EntryType::file, "x"}});
    rename_first(tar, "./");
    f.write("a.tar", tar);
    const auto tree = f.tree(f.build("FROM base\nADD a.tar /t\n"));
    CHECK(f.look(*tree, "t") == "dir 0700 5:6");
    CHECK(f.content(*tree, "t/seen") == "x");
  }
}

TEST_CASE("add: what an archive is unpacked into has mode 0755 and the owner asked for",
          "[builder]") {
  BuildFixture f;
  f.write("a.tar", make_tar({{"in/file", EntryType::file, "x"}}));
  const auto tree =
      f.tree(f.build("FROM scratch\nADD --chown=3:4 --chmod=700 a.tar /new/place/\n"));
  CHECK(f.look(*tree, "new/place") == "dir 0755 3:4");
  CHECK(f.look(*tree, "new/place/in") == "dir 0755 0:0");
  CHECK(f.look(*tree, "new/place/in/file") == "file 0640 3:4");
}

TEST_CASE("add: an archive's hard link to a symbolic link is that link", "[builder]") {
  BuildFixture f;
  f.write("a.tar", make_tar({{"link", EntryType::symlink, "nowhere"},
                             {"again", EntryType::hardlink, "link"}}));
  const auto tree = f.tree(f.build("FROM scratch\nADD a.tar /\n"));
  CHECK(f.look(*tree, "again") == "link 0777 11:12 nowhere");
}

TEST_CASE("add: --unpack=false copies an archive as it is", "[builder]") {
  BuildFixture f;
  f.write("a.tar", make_tar({{"file", EntryType::file, "x"}}));
  const auto tree = f.tree(f.build("FROM scratch\nADD --unpack=false a.tar /x/\n"));
  CHECK(tree->lookup(base::RelPath::clean("x/a.tar")).has_value());
}

TEST_CASE("copy: a missing file is told with one of nearly its name", "[builder]") {
  const auto hint_for = [](const std::string& instruction) {
    BuildFixture f;
    f.write("conf/config.yaml", "x");
    f.write("other", "x");
    try {
      f.build("FROM scratch\n" + instruction + "\n");
    } catch (const parser::DockerfileError& error) {
      return error.hint();
    }
    return std::string("built");
  };
  CHECK(hint_for("COPY conf/confg.yaml /") == "did you mean /conf/config.yaml?");
  CHECK(hint_for("COPY cnof/config.yaml /") == "did you mean /conf/config.yaml?");
  CHECK(hint_for("COPY --parents othre /") == "did you mean /other?");
  CHECK(hint_for("COPY cnof/nothing /").empty());
  CHECK(hint_for("COPY conf/whatever /").empty());
}
