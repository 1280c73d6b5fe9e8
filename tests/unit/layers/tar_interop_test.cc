// What TarWriter writes must be read by others: libarchive in the process, GNU tar and Python where
// they are installed.
#include <archive.h>
#include <archive_entry.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>

#include "base/child.h"
#include "base/error.h"
#include "layers/tar_reader.h"
#include "tests/support/must_run.h"
#include "tests/support/scratch_dir.h"
#include "tests/unit/layers/layer_samples.h"

namespace ibuild::layers {

namespace {

using Catch::Matchers::Contains;
using test::can_run;
using test::directory;
using test::file;

std::vector<test::Sample> samples() {
  auto capable = file("bin/ping", "ELF", 04755);
  capable.entry.xattrs = {{"security.capability", std::string("\1\0\0\2\0 \0\0", 8)}};
  capable.entry.uid = 3'000'000;
  auto old = file("old", "x");
  old.entry.mtime = base::TimePoint(std::chrono::seconds(-1000));
  const std::string split = std::string(120, 'p') + "/" + std::string(90, 'q');
  return {directory("bin"),
          capable,
          test::hardlink("bin/ping6", "bin/ping"),
          file("caf\xc3\xa9", "utf"),
          test::fifo("fifo"),
          old,
          file(split, "split"),
          test::symlink("s", std::string(130, 't')),
          test::device("tty", EntryType::char_device, 4, 1000),
          file("x/" + std::string(180, 'n'), "pax"),
          file("y\xff", "raw")};
}

bool has_program(const std::string& name) {
  try {
    return base::run_program({name, "--version"}).status.success();
  } catch (const base::SystemError&) {
    return false;
  }
}

struct ArchiveDeleter {
  void operator()(archive* a) const { archive_read_free(a); }
};

}  // namespace

TEST_CASE("tar_interop: libarchive reads what TarWriter writes", "[layers]") {
  const auto expected = samples();
  const std::string tar = test::tar_of(expected);
  const std::unique_ptr<archive, ArchiveDeleter> reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  REQUIRE(archive_read_open_memory(reader.get(), tar.data(), tar.size()) == ARCHIVE_OK);
  for (const test::Sample& sample : expected) {
    archive_entry* entry = nullptr;
    CAPTURE(sample.entry.path.str());
    const int result = archive_read_next_header(reader.get(), &entry);
    REQUIRE((result == ARCHIVE_OK || result == ARCHIVE_WARN));
    std::string name = archive_entry_pathname(entry);
    if (name.ends_with('/')) name.pop_back();
    CHECK(name == sample.entry.path.str());
    CHECK(archive_entry_perm(entry) == sample.entry.mode);
    CHECK(archive_entry_uid(entry) == sample.entry.uid);
    CHECK(archive_entry_mtime(entry) ==
          std::chrono::floor<std::chrono::seconds>(sample.entry.mtime).time_since_epoch().count());
    CHECK(archive_entry_xattr_count(entry) == static_cast<int>(sample.entry.xattrs.size()));
    std::string content(sample.content.size(), '\0');
    CHECK(archive_read_data(reader.get(), content.data(), content.size()) ==
          static_cast<la_ssize_t>(content.size()));
    CHECK(content == sample.content);
  }
  archive_entry* entry = nullptr;
  CHECK(archive_read_next_header(reader.get(), &entry) == ARCHIVE_EOF);
}

TEST_CASE("tar_interop: GNU tar reads what TarWriter writes", "[layers]") {
  if (!can_run("peers", has_program("tar"), "no tar")) return;
  const auto scratch = test::make_scratch_dir();
  base::write_file_atomically(scratch.dir(), base::RelPath::exact("t.tar"),
                              test::tar_of(samples()));
  const auto result =
      base::run_program({"tar", "--numeric-owner", "--quoting-style=escape", "--xattrs-include=*",
                         "--xattrs", "-tvf", scratch.host_path() + "/t.tar"});
  CHECK(result.status.success());
  CHECK(result.err.empty());
  CHECK_THAT(result.out,
             Contains("-rwsr-xr-x* 3000000/") && Contains("bin/ping6 link to bin/ping"));
  CHECK_THAT(result.out, Contains("crw------- ") && Contains("4,1000") && Contains("tty"));
  CHECK_THAT(result.out, Contains("s -> " + std::string(130, 't')));
  CHECK_THAT(result.out, Contains(std::string(120, 'p') + "/" + std::string(90, 'q')));
}

TEST_CASE("tar_interop: Python's tarfile reads what TarWriter writes", "[layers]") {
  if (!can_run("peers", has_program("python3"), "no python3")) return;
  const auto scratch = test::make_scratch_dir();
  base::write_file_atomically(scratch.dir(), base::RelPath::exact("t.tar"),
                              test::tar_of(samples()));
  const auto result = base::run_program(
      {"python3", "-c",
       "import sys, tarfile\n"
       "with tarfile.open(sys.argv[1], errorlevel=2) as t:\n"
       "  for m in t: print(ascii(m.name), oct(m.mode), m.uid, m.size, m.mtime, m.type)\n",
       scratch.host_path() + "/t.tar"});
  CHECK(result.err.empty());
  CHECK_THAT(result.out, Contains("'bin/ping' 0o4755 3000000 3 1600000000 b'0'"));
  CHECK_THAT(result.out, Contains("'old' 0o644") && Contains(" 1 -1000"));
  CHECK_THAT(result.out, Contains("'caf\\xe9'"));
  CHECK_THAT(result.out, Contains("'y\\udcff'"));
}

TEST_CASE("tar_interop: TarReader reads what GNU tar writes in each format", "[layers]") {
  if (!can_run("peers", has_program("tar"), "no tar")) return;
  const auto scratch = test::make_scratch_dir();
  const std::string long_name(150, 'n');
  base::make_dirs(scratch.dir(), base::RelPath::exact("in/dir"));
  base::write_file_atomically(scratch.dir(), base::RelPath::exact("in/" + long_name), "long");
  base::write_file_atomically(scratch.dir(), base::RelPath::exact("in/dir/a"), "aaa");
  for (const std::string format : {"gnu", "oldgnu", "pax", "posix"}) {
    CAPTURE(format);
    const std::string name = format + ".tar";
    const auto result =
        base::run_program({"tar", "--format=" + format, "-C", scratch.host_path() + "/in", "-cf",
                           scratch.host_path() + "/" + name, "."});
    REQUIRE(result.status.success());
    const std::string tar = base::read_file_at(scratch.dir(), base::RelPath::exact(name), 1 << 20);
    base::StringSource source(tar);
    TarReader reader(source);
    std::vector<LayerEntry> entries;
    while (auto entry = reader.next()) {
      if (entry->type == EntryType::file) {
        CHECK(tar.substr(entry->tar_offset, entry->size_bytes) ==
              (entry->size_bytes == 4 ? "long" : "aaa"));
      }
      entries.push_back(*std::move(entry));
    }
    const LayerIndex index(std::move(entries));
    CHECK(index.size() == 4);
    CHECK(index.find(base::RelPath::exact(long_name)) != nullptr);
    CHECK(index.find(base::RelPath::exact("dir/a")) != nullptr);
  }
}

}  // namespace ibuild::layers
