// Sparse files of archives: as GNU tar writes them in each of its formats, and as nobody should.
#include "layers/tar_sparse.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "base/child.h"
#include "base/error.h"
#include "base/stream.h"
#include "layers/tar_reader.h"
#include "tests/support/must_run.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::layers {

namespace {

using Catch::Matchers::Contains;

constexpr std::size_t kHole = 16 << 10;

/// A file with `parts` parts of data, a hole before each and one at the end.
std::string with_holes(int parts) {
  std::string text;
  for (int i = 0; i < parts; ++i)
    text += std::string(kHole, '\0') + std::string(4096, static_cast<char>('a' + i % 26));
  return text + std::string(kHole + 3, '\0');
}

/// Writes a file; runs of kHole zeros become holes.
void write_sparse(const base::DirFd& dir, const base::RelPath& path, std::string_view content) {
  const auto fd = base::open_at(dir, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const std::string zeros(kHole, '\0');
  for (std::size_t at = 0; at < content.size();) {
    const auto end = std::min(content.find(zeros, at), content.size());
    const auto size = end - at;
    REQUIRE(::pwrite(fd.get(), content.data() + at, size, static_cast<off_t>(at)) ==
            static_cast<ssize_t>(size));
    at = std::min(content.find_first_not_of('\0', end), content.size());
  }
  REQUIRE(::ftruncate(fd.get(), static_cast<off_t>(content.size())) == 0);
}

bool has_gnu_tar() {
  try {
    return base::run_program({"tar", "--version"}).out.find("GNU tar") != std::string::npos;
  } catch (const base::SystemError&) {
    return false;
  }
}

/// As GNU tar packs it with `options`.
std::string pack(const base::TempDir& scratch, const std::vector<std::string>& options) {
  std::vector<std::string> argv = {"tar", "--sparse", "--hole-detection=raw"};
  argv.insert(argv.end(), options.begin(), options.end());
  for (const std::string& word :
       {std::string("--sort=name"), std::string("-C"), scratch.host_path() + "/in",
        std::string("-cf"), scratch.host_path() + "/out.tar", std::string(".")})
    argv.push_back(word);
  const auto result = base::run_program(argv);
  INFO(result.err);
  REQUIRE(result.status.success());
  return base::read_file_at(scratch.dir(), base::RelPath::exact("out.tar"), 32 << 20);
}

void set_text(TarHeader& header, std::size_t offset, std::string_view text) {
  std::memcpy(reinterpret_cast<char*>(&header) + offset, text.data(), text.size());
}

/// A header of type 'S' with two parts, of a file of 600 bytes; changed by `edit`.
TarSparseMap gnu_map(const std::function<void(TarHeader&)>& edit = {}) {
  TarHeader header{};
  std::memcpy(header.magic, "ustar ", 6);
  set_text(header, 386, "00000000012");
  set_text(header, 398, "00000000002");
  set_text(header, 410, "00000001000");
  set_text(header, 422, "00000000004");
  set_text(header, 483, "00000001130");
  if (edit) edit(header);
  return read_gnu_sparse_map(header, [](auto) { throw base::ContentError("asks for a block"); });
}

TarSparseRecords records(const std::vector<std::pair<std::string_view, std::string_view>>& list) {
  TarSparseRecords records;
  for (const auto& [key, value] : list) records.add(key, value);
  return records;
}

/// Reads a map of format 1.0 out of `text`, filled up to whole blocks.
TarSparseMap map_1_0(std::string text) {
  text.append(tar_padding(text.size()), '\0');
  std::size_t at = 0;
  return read_pax_sparse_map(records({{"major", "1"}, {"minor", "0"}, {"realsize", "99"}}),
                             text.size(), [&](auto block) {
                               std::memcpy(block.data(), text.data() + at, block.size());
                               at += block.size();
                             });
}

}  // namespace

TEST_CASE("tar_sparse: what GNU tar writes in each format comes out whole", "[layers]") {
  if (!test::can_run("peers", has_gnu_tar(), "no GNU tar")) return;
  const auto scratch = test::make_scratch_dir();
  base::make_dirs(scratch.dir(), base::RelPath::exact("in"));
  const std::vector<std::pair<std::string, std::string>> files = {
      {"a-whole", "no hole"},
      {"b-two", with_holes(2)},
      {"c-hole", std::string(1 << 20, '\0')},
      {"d-" + std::string(120, 'n'), with_holes(200)},  // more than one block names
      {"e-starts-with-data", "x" + with_holes(5)},
      {"f-last", "end"}};
  for (const auto& [name, content] : files) {
    write_sparse(scratch.dir(), base::RelPath::exact("in").join(name), content);
  }
  const std::vector<std::vector<std::string>> formats = {{"--format=gnu"},
                                                         {"--format=oldgnu"},
                                                         {"--format=pax", "--sparse-version=0.0"},
                                                         {"--format=pax", "--sparse-version=0.1"},
                                                         {"--format=pax", "--sparse-version=1.0"}};
  for (const auto& format : formats) {
    CAPTURE(format);
    const std::string tar = pack(scratch, format);
    CHECK(tar.size() < 1 << 20);  // or nothing is sparse
    base::StringSource source(tar);
    TarReader reader(source, TarKind::archive);
    CHECK(reader.next()->path.is_root());
    for (const auto& [name, content] : files) {
      const auto entry = reader.next();
      REQUIRE(entry);
      CHECK(entry->path.str() == name);
      CHECK(entry->size_bytes == content.size());
      CHECK(base::read_all(reader.data(), 32 << 20, "file") == content);
    }
    CHECK_FALSE(reader.next());

    base::StringSource again(tar);
    TarReader skipping(again, TarKind::archive);
    int count = 0;
    while (skipping.next()) ++count;
    CHECK(count == 7);

    base::StringSource layer_source(tar);
    TarReader layer(layer_source);
    CHECK_THROWS_WITH(
        [&] {
          while (layer.next()) {
          }
        }(),
        Contains("b-two") && Contains("sparse"));
  }
}

TEST_CASE("tar_sparse: maps of the old format", "[layers]") {
  const auto map = gnu_map();
  CHECK(map.size_bytes == 600);
  REQUIRE(map.parts.size() == 2);
  CHECK(map.parts[0].offset == 10);
  CHECK(map.parts[1].end() == 516);
  map.check(6);
  CHECK_THROWS_WITH(map.check(7), Contains("more or less data"));
  CHECK_THROWS_WITH(gnu_map([](auto& h) { set_text(h, 482, "\1"); }), Contains("asks for a block"));
  CHECK_THROWS_WITH(gnu_map([](auto& h) { set_text(h, 386, "nine"); }), Contains("valid number"));
  CHECK_THROWS_WITH(gnu_map([](auto& h) { std::memcpy(h.magic, "ustar", 6); }),
                    Contains("GNU's format"));
}

TEST_CASE("tar_sparse: parts out of order, on each other or beyond the end are refused",
          "[layers]") {
  const auto refused = [](TarSparseMap map, const std::string& why) {
    std::uint64_t sum = 0;
    for (const auto& part : map.parts) sum += part.size_bytes;
    CHECK_THROWS_WITH(map.check(sum), Contains(why));
  };
  refused({{{10, 5}, {0, 5}}, 100}, "out of order");
  refused({{{0, 5}, {4, 5}}, 100}, "out of order");
  refused({{{90, 11}}, 100}, "beyond the file's end");
  refused({{{101, 0}}, 100}, "beyond the file's end");
  refused({{{1, ~std::uint64_t{0}}}, 100}, "beyond the file's end");
  TarSparseMap({{{100, 0}}, 100}).check(0);
}

TEST_CASE("tar_sparse: records of the pax formats", "[layers]") {
  const auto block = [](auto) { throw base::ContentError("asks for a block"); };
  const auto map = read_pax_sparse_map(
      records({{"size", "50"}, {"numblocks", "2"}, {"map", "0,5,20,7"}}), 12, block);
  CHECK(map.size_bytes == 50);
  CHECK(map.parts.at(1).offset == 20);
  const auto refused = [&](const TarSparseRecords& told, const std::string& why) {
    CHECK_THROWS_WITH(read_pax_sparse_map(told, 12, block), Contains(why));
  };
  refused(records({{"numblocks", "3"}, {"map", "0,5,20,7"}}), "another length");
  refused(records({{"numblocks", "1"}, {"map", "0,5,20"}}), "another length");
  refused(records({{"numblocks", "1"}, {"map", "0,-5"}}), "valid number");
  refused(records({{"map", "0,5"}}), "valid number");
  CHECK_THROWS_WITH(records({{"numbytes", "5"}}), Contains("out of order"));
  CHECK_THROWS_WITH(records({{"offset", "5"}, {"offset", "6"}}), Contains("out of order"));
  CHECK_FALSE(records({{"major", "2"}, {"minor", "0"}, {"map", "0,5"}}).has_known_format());
  CHECK_FALSE(records({{"name", "x"}}).has_known_format());
}

TEST_CASE("tar_sparse: maps before the data", "[layers]") {
  const auto map = map_1_0("2\n0\n5\n20\n7\n");
  CHECK(map.size_bytes == 99);
  CHECK(map.parts.at(1).end() == 27);
  CHECK_THROWS_WITH(map_1_0("1\n0\n"), Contains("valid number"));
  CHECK_THROWS_WITH(map_1_0("1000000000\n" + std::string(1013, '\n')), Contains("valid number"));
  CHECK_THROWS_WITH(map_1_0(std::string(512, '1')), Contains("valid number"));
  std::string endless = "999999999\n";
  for (int i = 0; i < 2000; ++i) endless += "1\n";
  endless.resize(endless.size() / 512 * 512);
  CHECK_THROWS_WITH(map_1_0(endless), Contains("longer than the file's data"));
}

}  // namespace ibuild::layers
