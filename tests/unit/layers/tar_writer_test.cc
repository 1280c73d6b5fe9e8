#include "layers/tar_writer.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "layers/tar_format.h"
#include "tests/unit/layers/layer_samples.h"

namespace ibuild::layers {

namespace {

using Catch::Matchers::Contains;
using test::directory;
using test::file;
using test::tar_of;

std::string headers_of(const LayerEntry& entry) {
  std::string tar = tar_of({{entry, std::string(entry.size_bytes, 'x')}});
  return tar.substr(0, tar.size() - 1024 - (entry.size_bytes + 511) / 512 * 512);
}

TarHeader header_at(const std::string& tar, std::size_t offset) {
  TarHeader header;
  REQUIRE(tar.size() >= offset + sizeof header);
  std::memcpy(&header, tar.data() + offset, sizeof header);
  return header;
}

template <std::size_t N>
std::string text_of(const char (&field)[N]) {
  return {field, ::strnlen(field, N)};
}

base::TimePoint at(std::int64_t seconds) { return base::TimePoint(std::chrono::seconds(seconds)); }

}  // namespace

TEST_CASE("tar_writer: a plain file is one ustar block, as Go writes it", "[layers]") {
  LayerEntry entry = file("etc/motd", "hello").entry;
  entry.mode = 04755;
  entry.uid = 1000;
  entry.gid = 100;
  entry.mtime = at(1'234'567'890);
  const std::string tar = tar_of({{entry, "hello"}});
  const TarHeader header = header_at(tar, 0);
  CHECK(text_of(header.name) == "etc/motd");
  CHECK(text_of(header.mode) == "0004755");
  CHECK(text_of(header.uid) == "0001750");
  CHECK(text_of(header.gid) == "0000144");
  CHECK(text_of(header.size) == "00000000005");
  CHECK(text_of(header.mtime) == "11145401322");
  CHECK(header.type == '0');
  CHECK(std::string(header.magic, 8) == std::string("ustar\0"
                                                    "00",
                                                    8));
  CHECK(text_of(header.user_name).empty());
  CHECK(text_of(header.group_name).empty());
  CHECK(text_of(header.device_major) == "0000000");
  CHECK(std::string(header.checksum + 6, 2) == std::string("\0 ", 2));
  CHECK(tar.substr(512, 6) == std::string("hello\0", 6));
  CHECK(tar.size() == 512 + 512 + 1024);
}

TEST_CASE("tar_writer: types and names of entries", "[layers]") {
  CHECK(header_at(headers_of(directory("a/b").entry), 0).type == '5');
  CHECK(text_of(header_at(headers_of(directory("a/b").entry), 0).name) == "a/b/");
  CHECK(text_of(header_at(headers_of(directory("").entry), 0).name) == "./");
  const TarHeader link = header_at(headers_of(test::symlink("l", "../target").entry), 0);
  CHECK(link.type == '2');
  CHECK(text_of(link.link_name) == "../target");
  CHECK(header_at(headers_of(test::hardlink("h", "a").entry), 0).type == '1');
  CHECK(header_at(headers_of(test::fifo("p").entry), 0).type == '6');
  const TarHeader device =
      header_at(headers_of(test::device("null", EntryType::char_device, 1, 259).entry), 0);
  CHECK(device.type == '3');
  CHECK(text_of(device.device_major) == "0000001");
  CHECK(text_of(device.device_minor) == "0000403");
  CHECK(header_at(headers_of(test::device("sda", EntryType::block_device, 8, 0).entry), 0).type ==
        '4');
}

TEST_CASE("tar_writer: a whiteout is an empty file with mode 0 that keeps its time", "[layers]") {
  LayerEntry entry = test::whiteout("etc/gone").entry;
  entry.mode = 0644;
  entry.uid = 7;
  entry.mtime = at(8);
  const TarHeader header = header_at(headers_of(entry), 0);
  CHECK(text_of(header.name) == "etc/.wh.gone");
  CHECK(header.type == '0');
  CHECK(text_of(header.mode) == "0000000");
  CHECK(text_of(header.uid) == "0000000");
  CHECK(text_of(header.size) == "00000000000");
  CHECK(text_of(header.mtime) == "00000000010");
}

TEST_CASE("tar_writer: a long ASCII name is split into prefix and name", "[layers]") {
  const std::string dir(90, 'd');
  const std::string headers = headers_of(file(dir + "/" + std::string(60, 'n')).entry);
  CHECK(headers.size() == 512);
  CHECK(text_of(header_at(headers, 0).prefix) == dir);
  CHECK(text_of(header_at(headers, 0).name) == std::string(60, 'n'));
}

TEST_CASE("tar_writer: a name that cannot be split goes into a pax record", "[layers]") {
  const std::string name = "dir/" + std::string(150, 'n');
  const std::string headers = headers_of(file(name).entry);
  REQUIRE(headers.size() == 3 * 512);
  const TarHeader extended = header_at(headers, 0);
  CHECK(extended.type == 'x');
  CHECK(text_of(extended.name) == ("dir/PaxHeaders.0/" + std::string(150, 'n')).substr(0, 100));
  CHECK(text_of(extended.mode) == "0000000");
  CHECK_THAT(headers.substr(512, 512), Contains("164 path=" + name + "\n"));
  CHECK(text_of(header_at(headers, 1024).name) == name.substr(0, 100));
}

TEST_CASE("tar_writer: a name is not split when there is an extended header anyway", "[layers]") {
  LayerEntry entry = file(std::string(90, 'd') + "/" + std::string(60, 'n')).entry;
  entry.uid = 3'000'000;
  const std::string headers = headers_of(entry);
  REQUIRE(headers.size() == 3 * 512);
  CHECK_THAT(headers.substr(512, 512), Contains(" path=ddd"));
  CHECK_THAT(headers.substr(512, 512), Contains("15 uid=3000000\n"));
  CHECK(text_of(header_at(headers, 1024).prefix).empty());
  CHECK(text_of(header_at(headers, 1024).uid) == "0000000");
}

TEST_CASE("tar_writer: a directory's long name loses its slash where the header cuts it",
          "[layers]") {
  const std::string headers =
      headers_of(directory(std::string(99, 'd') + "/" + std::string(120, 'e')).entry);
  CHECK(text_of(header_at(headers, 1024).name) == std::string(99, 'd'));
}

TEST_CASE("tar_writer: bytes that are no ASCII stand raw in the pax record", "[layers]") {
  const std::string headers = headers_of(file("caf\xc3\xa9/\xff").entry);
  REQUIRE(headers.size() == 3 * 512);
  CHECK_THAT(headers.substr(512, 512), Contains("16 path=caf\xc3\xa9/\xff\n"));
  CHECK(text_of(header_at(headers, 0).name) == "caf/PaxHeaders.0");
  CHECK(text_of(header_at(headers, 1024).name) == "caf/");
}

TEST_CASE("tar_writer: numbers that do not fit go into pax records, sorted by key", "[layers]") {
  LayerEntry entry = file("f").entry;
  entry.uid = 1 << 21;
  entry.gid = std::numeric_limits<std::uint32_t>::max() - 1;
  entry.mtime = at(-5);
  entry.xattrs = {{"security.capability", std::string("\0\n=", 3)}};
  const std::string records = headers_of(entry).substr(512, 512);
  CHECK(records.starts_with(std::string("40 SCHILY.xattr.security.capability=\0\n=\n", 40)));
  CHECK_THAT(records, Contains("18 gid=4294967294\n") && Contains("12 mtime=-5\n") &&
                          Contains("15 uid=2097152\n"));
  CHECK(records.find("SCHILY") < records.find(" gid="));
  CHECK(records.find(" gid=") < records.find(" mtime="));
  CHECK(records.find(" mtime=") < records.find(" uid="));
}

TEST_CASE("tar_writer: a record's length counts its own digits", "[layers]") {
  // 9 + 1 digits: "99" bytes of record would need three digits when counted.
  for (std::size_t length = 80; length < 110; ++length) {
    LayerEntry entry = file("f").entry;
    entry.link_target.clear();
    entry.xattrs = {{"user.x", std::string(length, 'v')}};
    const std::string headers = headers_of(entry);
    const std::string record = headers.substr(512, headers.find('\n', 512) + 1 - 512);
    CHECK(std::to_string(record.size()) == record.substr(0, record.find(' ')));
  }
}

TEST_CASE("tar_writer: times are cut to whole seconds, downwards", "[layers]") {
  LayerEntry entry = file("f").entry;
  entry.mtime = at(10) + std::chrono::nanoseconds(999'999'999);
  CHECK(text_of(header_at(headers_of(entry), 0).mtime) == "00000000012");
  entry.mtime = at(-10) + std::chrono::nanoseconds(1);
  CHECK_THAT(headers_of(entry), Contains(" mtime=-10\n"));
}

TEST_CASE("tar_writer: a size above 8 GiB goes into a pax record", "[layers]") {
  class Zeros : public base::ByteSource {
   public:
    std::size_t read(std::span<std::byte> buffer) override { return buffer.size(); }
  };
  class FirstBytes : public base::ByteSink {
   public:
    void write(base::Bytes bytes) override {
      if (text.size() < 2048) text += base::as_text(bytes);
      if (text.size() >= 4096) throw base::Error("enough");
    }
    std::string text;
  };
  LayerEntry entry = file("big").entry;
  entry.size_bytes = std::uint64_t{9} << 30;
  FirstBytes out;
  TarWriter writer(out);
  Zeros zeros;
  CHECK_THROWS_WITH(writer.add(entry, &zeros), "enough");
  CHECK_THAT(out.text.substr(512, 512), Contains("19 size=9663676416\n"));
  CHECK(text_of(header_at(out.text, 1024).size) == "00000000000");
}

TEST_CASE("tar_writer: tells the offset of each file's bytes", "[layers]") {
  base::StringSink out;
  TarWriter writer(out);
  writer.add(directory("d").entry, nullptr);
  base::StringSource first(std::string_view("first"));
  const std::uint64_t offset = writer.add(file("d/a", "first").entry, &first);
  base::StringSource second(std::string_view("second"));
  const std::uint64_t next = writer.add(file("d/b", "second").entry, &second);
  writer.finish();
  CHECK(out.text().substr(offset, 5) == "first");
  CHECK(out.text().substr(next, 6) == "second");
  CHECK(writer.offset() == out.text().size());
}

TEST_CASE("tar_writer: data of another length than promised is refused", "[layers]") {
  base::StringSink out;
  TarWriter writer(out);
  base::StringSource data(std::string_view("12345"));
  CHECK_THROWS_WITH(writer.add(file("f", "123").entry, &data), Contains("longer"));
  base::StringSource more(std::string_view("12345"));
  CHECK_THROWS_WITH(writer.add(file("f", "1234567").entry, &more), Contains("shorter"));
  CHECK_THROWS_AS(writer.add(file("f", "1").entry, nullptr), base::ContentError);
}

TEST_CASE("tar_writer: refuses what no layer can hold", "[layers]") {
  base::StringSink out;
  TarWriter writer(out);
  CHECK_THROWS_WITH(writer.add(file("a/.wh.b").entry, nullptr), Contains("/a/.wh.b"));
  CHECK_THROWS_AS(writer.add(file(".wh.b/c").entry, nullptr), base::ContentError);
  CHECK_THROWS_AS(writer.add(test::opaque("d").entry, nullptr), base::ContentError);
  CHECK_THROWS_AS(writer.add(test::symlink("", "x").entry, nullptr), base::ContentError);
  std::string deep = "d";
  while (deep.size() < 4096) deep += "/d";
  CHECK_THROWS_AS(writer.add(directory(deep).entry, nullptr), base::ContentError);
  LayerEntry entry = file("f").entry;
  entry.xattrs = {{"user.a=b", "c"}};
  CHECK_THROWS_AS(writer.add(entry, nullptr), base::ContentError);
  CHECK(out.text().empty());
  CHECK_NOTHROW(writer.add(file("a/.why").entry, nullptr));
}

}  // namespace ibuild::layers
