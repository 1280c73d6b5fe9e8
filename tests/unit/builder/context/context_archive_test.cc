#include "builder/context/context_archive.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/support/must_run.h"
#include "tests/unit/builder/context/tar_text.h"
#include "tests/unit/builder/git/git_fixture.h"

using namespace ibuild;
using builder::looks_like_archive;
using builder::unpack_context;
using test::tar_end;
using test::TarText;

namespace {

struct Unpacked {
  base::TempDir dir = test::make_scratch_dir();
  std::vector<std::string> warnings;
  builder::FileOwners owners;

  explicit Unpacked(const std::string& tar) {
    base::StringSource source(tar);
    owners = unpack_context(source, dir.dir(),
                            [this](const std::string& text) { warnings.push_back(text); }, {})
                 .owners;
  }
  std::string text(const std::string& path) const { return test::read_text(dir.dir(), path); }
  struct stat status(const std::string& path) const {
    return base::lstat_at(dir.dir(), base::RelPath::exact(path));
  }
};

bool is_archive(const std::string& bytes) {
  return looks_like_archive(
      base::as_bytes(std::string_view(bytes).substr(0, builder::kArchiveProbeBytes)));
}

}  // namespace

TEST_CASE("context_archive: an archive is known by its first bytes", "[context]") {
  const std::string tar = TarText{.name = "a", .content = "x"}.str() + tar_end();
  CHECK(is_archive(tar));
  for (const char* program : {"gzip", "bzip2", "xz", "zstd"}) {
    bool available = true;
    try {
      CHECK(is_archive(test::compress_with(program, tar)));
    } catch (const base::SystemError&) {
      available = false;
    }
    if (!test::can_run("peers", available, std::string(program) + " is not installed")) continue;
  }
}

TEST_CASE("context_archive: a Dockerfile is none", "[context]") {
  CHECK_FALSE(is_archive(""));
  CHECK_FALSE(is_archive("FROM scratch\n"));
  CHECK_FALSE(is_archive("FROM scratch\n" + std::string(2000, '#')));
  CHECK_FALSE(is_archive(tar_end()));
  std::string damaged = TarText{.name = "a"}.str() + tar_end();
  damaged[0] = 'b';
  CHECK_FALSE(is_archive(damaged));
}

TEST_CASE("context_archive: files, directories and links become the user's own", "[context]") {
  const Unpacked unpacked(
      TarText{.name = "./", .type = '5', .mode = 0700}.str() +
      TarText{.name = "a/", .type = '5', .mode = 0750}.str() +
      TarText{.name = "a/script", .content = "run", .mode = 04755, .uid = 12345}.str() +
      TarText{.name = "a/link", .type = '2', .link = "script"}.str() +
      TarText{.name = "hard", .type = '1', .link = "a/script"}.str() +
      TarText{.name = "no/parent", .content = "x"}.str() + tar_end());
  CHECK(unpacked.warnings.empty());
  CHECK(unpacked.text("a/script") == "run");
  CHECK((unpacked.status("a/script").st_mode & 07777) == 04755);
  CHECK(unpacked.status("a/script").st_uid == ::geteuid());
  CHECK(unpacked.status("a/script").st_mtim.tv_sec == 1485449953);
  CHECK((unpacked.status("a").st_mode & 07777) == 0750);
  CHECK(base::read_link_at(unpacked.dir.dir(), base::RelPath::exact("a/link")) == "script");
  CHECK(unpacked.status("hard").st_ino == unpacked.status("a/script").st_ino);
  CHECK(unpacked.text("no/parent") == "x");
}

TEST_CASE("context_archive: owners are told, those of the last entries", "[context]") {
  const Unpacked unpacked(TarText{.name = "./", .type = '5', .mode = 0755, .uid = 5}.str() +
                          TarText{.name = "a", .content = "1", .uid = 1}.str() +
                          TarText{.name = "b", .content = "1", .uid = 3}.str() +
                          TarText{.name = "b", .content = "2"}.str() +
                          TarText{.name = "d/", .type = '5', .mode = 0755, .uid = 4}.str() +
                          TarText{.name = "l", .type = '2', .link = "d", .uid = 6}.str() +
                          TarText{.name = "l/in", .content = "1", .uid = 7}.str() + tar_end());
  std::string told;
  for (const auto& [path, owner] : unpacked.owners)
    told += path + "=" + std::to_string(owner.uid) + ":" + std::to_string(owner.gid) + " ";
  CHECK(told == "a=1:1 d=4:4 d/in=7:7 l=6:6 ");
}

TEST_CASE("context_archive: every compression is read", "[context]") {
  const std::string tar =
      TarText{.name = "a", .content = std::string(100000, 'x')}.str() + tar_end();
  for (const char* program : {"gzip", "bzip2", "xz", "zstd"}) {
    std::string compressed;
    try {
      compressed = test::compress_with(program, tar);
    } catch (const base::SystemError&) {
      if (!test::can_run("peers", false, std::string(program) + " is not installed")) continue;
    }
    CHECK(Unpacked(compressed).text("a").size() == 100000);
  }
}

TEST_CASE("context_archive: of several entries for one path the last counts", "[context]") {
  const Unpacked unpacked(TarText{.name = "a", .content = "old"}.str() +
                          TarText{.name = "a", .content = "new"}.str() + tar_end());
  CHECK(unpacked.text("a") == "new");
}

TEST_CASE("context_archive: nothing gets out of the directory", "[context]") {
  const auto outside = test::make_scratch_dir();
  const Unpacked unpacked(TarText{.name = "/absolute", .content = "x"}.str() +
                          TarText{.name = "out", .type = '2', .link = outside.host_path()}.str() +
                          TarText{.name = "out/file", .content = "x"}.str() + tar_end());
  CHECK(unpacked.text("absolute") == "x");
  CHECK(base::list_dir(outside.dir()).empty());
  // The link was taken with the context as the root.
  CHECK(unpacked.text(base::RelPath::clean(outside.host_path()).join("file").str()) == "x");
  const Unpacked above(TarText{.name = "../file", .content = "x"}.str() + tar_end());
  CHECK(above.text("file") == "x");
  CHECK_THROWS_AS(
      Unpacked(TarText{.name = "h", .type = '1', .link = "../../etc/passwd"}.str() + tar_end()),
      base::ContentError);
}

TEST_CASE("context_archive: devices and names of deletions are left out with a warning",
          "[context]") {
  const Unpacked unpacked(TarText{.name = "dev", .type = '3'}.str() +
                          TarText{.name = "disk", .type = '4'}.str() +
                          TarText{.name = "a/.wh.gone", .content = "x"}.str() +
                          TarText{.name = "kept"}.str() + tar_end());
  CHECK(test::names_in(unpacked.dir.dir()) == std::vector<std::string>{"kept"});
  REQUIRE(unpacked.warnings.size() == 3);
  CHECK(unpacked.warnings[1] ==
        "/disk of the build context is left out: devices cannot be in a build context");
  CHECK_THAT(unpacked.warnings[2], Catch::Matchers::Contains(".wh."));
}

TEST_CASE("context_archive: an archive that is cut off is refused", "[context]") {
  const std::string tar = TarText{.name = "a", .content = std::string(5000, 'x')}.str();
  CHECK_THROWS_AS(Unpacked(tar.substr(0, 3000)), base::ContentError);
}

TEST_CASE("context_archive: a stop request ends the unpacking", "[context]") {
  std::stop_source stop;
  stop.request_stop();
  const auto dir = test::make_scratch_dir();
  const std::string tar = TarText{.name = "a"}.str() + tar_end();
  base::StringSource source(tar);
  CHECK_THROWS_AS(unpack_context(
                      source, dir.dir(), [](const std::string&) {}, stop.get_token()),
                  base::CancelledError);
}
