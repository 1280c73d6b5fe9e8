#include "builder/export/directory_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/files.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;  // NOLINT: a test

namespace {

layers::LayerEntry entry_of(const char* path, layers::EntryType type, std::uint32_t mode) {
  layers::LayerEntry entry;
  entry.path = base::RelPath::exact(path);
  entry.type = type;
  entry.mode = mode;
  entry.mtime = base::TimePoint(std::chrono::seconds(1000000000));
  return entry;
}

void write_file(builder::DirectoryWriter& writer, const char* path, std::string_view text,
                std::uint32_t mode) {
  base::StringSource data(text);
  auto entry = entry_of(path, layers::EntryType::file, mode);
  entry.size_bytes = text.size();
  writer.visit(entry, &data);
}

}  // namespace

TEST_CASE("directory_writer: lays files, links and directories with modes and times", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  builder::DirectoryWriter writer(scratch.dir().dup());
  writer.visit(entry_of("d", layers::EntryType::directory, 0500), nullptr);
  write_file(writer, "d/file", "hello", 04711);
  auto link = entry_of("d/link", layers::EntryType::symlink, 0777);
  link.link_target = "/etc/passwd";
  writer.visit(link, nullptr);
  auto hard = entry_of("hard", layers::EntryType::hardlink, 0);
  hard.link_target = "d/file";
  writer.visit(hard, nullptr);
  writer.finish();

  const auto dir = base::lstat_at(scratch.dir(), base::RelPath::exact("d"));
  const auto file = base::lstat_at(scratch.dir(), base::RelPath::exact("d/file"));
  CHECK((dir.st_mode & 07777) == 0500);
  CHECK(dir.st_mtim.tv_sec == 1000000000);
  CHECK((file.st_mode & 07777) == 04711);
  CHECK(file.st_mtim.tv_sec == 1000000000);
  CHECK(file.st_ino == base::lstat_at(scratch.dir(), base::RelPath::exact("hard")).st_ino);
  CHECK(base::read_link_at(scratch.dir(), base::RelPath::exact("d/link")) == "/etc/passwd");
}

TEST_CASE("directory_writer: a link of the destination is replaced, not followed", "[builder]") {
  const auto outside = test::make_scratch_dir();
  const auto scratch = test::make_scratch_dir();
  REQUIRE(::symlinkat(outside.host_path().c_str(), scratch.dir().get(), "d") == 0);
  builder::DirectoryWriter writer(scratch.dir().dup());
  writer.visit(entry_of("d", layers::EntryType::directory, 0755), nullptr);
  write_file(writer, "d/file", "inside", 0644);
  writer.finish();
  CHECK(base::list_dir(outside.dir()).empty());
  CHECK(base::read_file_at(scratch.dir(), base::RelPath::exact("d/file"), 100) == "inside");
}

TEST_CASE("directory_writer: what is there and not in the image stays", "[builder]") {
  const auto scratch = test::make_scratch_dir();
  base::write_file_atomically(scratch.dir(), base::RelPath::exact("old"), "old");
  base::write_file_atomically(scratch.dir(), base::RelPath::exact("file"), "before");
  builder::DirectoryWriter writer(scratch.dir().dup());
  write_file(writer, "file", "after", 0644);
  writer.finish();
  CHECK(base::read_file_at(scratch.dir(), base::RelPath::exact("old"), 100) == "old");
  CHECK(base::read_file_at(scratch.dir(), base::RelPath::exact("file"), 100) == "after");
}

TEST_CASE("directory_writer: the others go where that is asked for", "[builder]") {
  const auto outside = test::make_scratch_dir();
  base::write_file_atomically(outside.dir(), base::RelPath::exact("precious"), "precious");
  const auto scratch = test::make_scratch_dir();
  base::make_dirs(scratch.dir(), base::RelPath::exact("d/old/deep"), 0755);
  base::write_file_atomically(scratch.dir(), base::RelPath::exact("d/file.old"), "old");
  base::write_file_atomically(scratch.dir(), base::RelPath::exact("file"), "before");
  REQUIRE(::symlinkat(outside.host_path().c_str(), scratch.dir().get(), "link") == 0);
  builder::DirectoryWriter writer(scratch.dir().dup(), builder::DirectoryWriter::Others::remove);
  // An image may have no entry for a directory.
  write_file(writer, "d/file", "new", 0644);
  writer.finish();
  const auto names = [&](const char* directory) {
    std::string text;
    for (const auto& entry : base::list_dir(scratch.dir(), base::RelPath::clean(directory)))
      text += entry.name + " ";
    return text;
  };
  CHECK(names("") == "d ");
  CHECK(names("d") == "file ");
  CHECK(base::read_file_at(outside.dir(), base::RelPath::exact("precious"), 100) == "precious");
}
