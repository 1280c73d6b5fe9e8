#include "layers/tar_reader.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "tests/unit/layers/layer_samples.h"

namespace ibuild::layers {

namespace {

using Catch::Matchers::Contains;
using test::file;
using test::tar_of;

const std::string kEnd(1024, '\0');

void set_octal(char* field, std::size_t size, std::uint64_t value) {
  for (std::size_t i = size - 1; i-- > 0; value /= 8) field[i] = static_cast<char>('0' + value % 8);
}

/// One header block, changed by `edit` before it is summed up.
std::string header(char type, std::string_view name, std::uint64_t size = 0,
                   const std::function<void(TarHeader&)>& edit = {}) {
  TarHeader block{};
  std::memcpy(block.name, name.data(), std::min(name.size(), sizeof block.name));
  block.type = type;
  set_octal(block.mode, sizeof block.mode, 0644);
  set_octal(block.size, sizeof block.size, size);
  std::memcpy(block.magic,
              "ustar\0"
              "00",
              8);
  if (edit) edit(block);
  set_octal(block.checksum, 7, tar_checksum(block));
  return {reinterpret_cast<const char*>(&block), sizeof block};
}

std::string padded(std::string data) {
  data.append(tar_padding(data.size()), '\0');
  return data;
}

std::string record(std::string_view key, std::string_view value) {
  const std::string rest = " " + std::string(key) + "=" + std::string(value) + "\n";
  std::size_t size = rest.size() + 1;
  while (std::to_string(size).size() + rest.size() != size) ++size;
  return std::to_string(size) + rest;
}

std::string pax(const std::string& records, char type = 'x') {
  return header(type, "pax", records.size()) + padded(records);
}

/// A reader and what it reads.
struct Reading {
  explicit Reading(std::string bytes) : tar(std::move(bytes)), source(tar), reader(source) {}
  LayerEntry next() {
    auto entry = reader.next();
    REQUIRE(entry);
    return *std::move(entry);
  }
  std::string content() { return base::read_all(reader.data(), 1 << 20, "content"); }
  std::string tar;
  base::StringSource source;
  TarReader reader;
};

LayerEntry only_entry(const std::string& tar) { return Reading(tar).next(); }

void refused(const std::string& tar, const std::string& why) {
  Reading reading(tar);
  CHECK_THROWS_WITH(
      [&] {
        while (reading.reader.next()) {
        }
      }(),
      Contains(why));
}

}  // namespace

TEST_CASE("tar_reader: reads what TarWriter wrote", "[layers]") {
  auto special = file("bin/tool", "#!", 06755);
  special.entry.uid = 3'000'000;
  special.entry.mtime = base::TimePoint(std::chrono::seconds(-7));
  special.entry.xattrs = {{"security.capability", std::string("\1\0\2", 3)}};
  const std::string long_name = "d/" + std::string(200, 'n');
  const std::vector<test::Sample> samples = {test::directory("bin", 0711),
                                             special,
                                             test::symlink("caf\xc3\xa9", std::string(150, 't')),
                                             test::directory("d"),
                                             file(long_name, "long"),
                                             test::hardlink("hard", "bin/tool"),
                                             test::fifo("pipe"),
                                             test::device("sda", EntryType::block_device, 8, 17),
                                             test::whiteout("tmp/gone")};
  const std::string tar = tar_of(samples);
  Reading reading(tar);
  for (const test::Sample& sample : samples) {
    const LayerEntry entry = reading.next();
    CAPTURE(entry.path.str());
    CHECK(entry.path == sample.entry.path);
    CHECK(entry.type == sample.entry.type);
    CHECK(entry.mode == sample.entry.mode);
    CHECK(entry.uid == sample.entry.uid);
    CHECK(entry.mtime == sample.entry.mtime);
    CHECK(entry.size_bytes == sample.entry.size_bytes);
    CHECK(entry.link_target == sample.entry.link_target);
    CHECK(entry.device_minor == sample.entry.device_minor);
    CHECK(entry.xattrs == sample.entry.xattrs);
    CHECK(reading.content() == sample.content);
    if (entry.type == EntryType::file) {
      CHECK(tar.substr(entry.tar_offset, entry.size_bytes) == sample.content);
    }
  }
  CHECK_FALSE(reading.reader.next());
  CHECK_FALSE(reading.reader.next());
  CHECK(reading.reader.drain() == tar.size());
}

TEST_CASE("tar_reader: skips what was not read of an entry", "[layers]") {
  Reading reading(tar_of({file("a", std::string(300'000, 'a')), file("b", "bb"), file("c", "c")}));
  reading.next();
  std::byte buffer[10];
  CHECK(reading.reader.data().read(buffer) == 10);
  CHECK(reading.next().path.str() == "b");
  CHECK(reading.next().path.str() == "c");
  CHECK(reading.content() == "c");
}

TEST_CASE("tar_reader: an archive may end without zero blocks", "[layers]") {
  const std::string tar = header('0', "a", 1) + padded("x");
  Reading reading(tar);
  CHECK(reading.next().path.str() == "a");
  CHECK_FALSE(reading.reader.next());
  CHECK_FALSE(Reading("").reader.next());
  CHECK_FALSE(Reading(std::string(512, '\0')).reader.next());
}

TEST_CASE("tar_reader: what follows the end counts as stream, not as entries", "[layers]") {
  const std::string tail = "anything at all";
  Reading reading(header('0', "a") + kEnd + tail);
  reading.next();
  CHECK_FALSE(reading.reader.next());
  CHECK(reading.reader.drain() == 512 + 1024 + tail.size());
}

TEST_CASE("tar_reader: names are cleaned", "[layers]") {
  CHECK(only_entry(header('0', "./a")).path.str() == "a");
  CHECK(only_entry(header('0', "/a//b/./c")).path.str() == "a/b/c");
  CHECK(only_entry(header('0', "a/../b")).path.str() == "b");
  CHECK(only_entry(header('5', "d/")).path.str() == "d");
  CHECK(only_entry(header('5', "./")).path.is_root());
  CHECK(only_entry(header('5', "/")).path.is_root());
  CHECK(only_entry(header('0', "")).path.is_root());
}

TEST_CASE("tar_reader: names that lead out of the root are refused", "[layers]") {
  refused(header('0', "../../etc/passwd"), "leads out");
  refused(header('0', "a/../../b"), "leads out");
  refused(header('0', "/.."), "leads out");
  refused(pax(record("path", "../x")) + header('0', "x"), "leads out");
  refused(header('1', "h", 0, [](TarHeader& h) { std::strcpy(h.link_name, "../x"); }), "leads out");
}

TEST_CASE("tar_reader: impossible names and links are refused", "[layers]") {
  refused(pax(record("path", std::string_view("a\0b", 3))) + header('0', "x"), "NUL");
  refused(pax(record("path", std::string(5000, 'p'))) + header('0', "x"), "too long");
  refused(header('2', "l"), "no target");
  refused(pax(record("linkpath", std::string(5000, 'p'))) + header('2', "x"), "too long");
  refused(pax(record("linkpath", std::string_view("a\0b", 3))) + header('2', "x"), "NUL");
}

TEST_CASE("tar_reader: a symbolic link's text is kept as it is", "[layers]") {
  auto link = [](const char* target) {
    return only_entry(header('2', "l", 0, [=](TarHeader& h) { std::strcpy(h.link_name, target); }))
        .link_target;
  };
  CHECK(link("../../outside") == "../../outside");
  CHECK(link("/abs//./x") == "/abs//./x");
}

TEST_CASE("tar_reader: whiteouts and opaque marks become entries of their own", "[layers]") {
  const LayerEntry gone = only_entry(header('0', "d/.wh.gone"));
  CHECK(gone.type == EntryType::whiteout);
  CHECK(gone.path.str() == "d/gone");
  const LayerEntry opaque = only_entry(header('0', "d/.wh..wh..opq"));
  CHECK(opaque.type == EntryType::opaque);
  CHECK(opaque.path.str() == "d");
  CHECK(only_entry(header('0', ".wh..wh..opq")).path.is_root());
  const LayerEntry device = only_entry(header('3', "d/gone"));
  CHECK(device.type == EntryType::whiteout);
  CHECK(device.path.str() == "d/gone");
}

TEST_CASE("tar_reader: the data of a whiteout is passed over", "[layers]") {
  Reading reading(header('0', ".wh.gone", 600) + padded(std::string(600, 'x')) + header('0', "a") +
                  kEnd);
  CHECK(reading.next().size_bytes == 0);
  CHECK(reading.content().empty());
  CHECK(reading.next().path.str() == "a");
}

TEST_CASE("tar_reader: whiteouts that mark nothing are refused", "[layers]") {
  refused(header('0', "d/.wh."), "marks no file");
  refused(header('0', "d/.wh.."), "marks no file");
  refused(header('0', "d/.wh..."), "marks no file");
  refused(header('0', ".wh.d/file"), "below a name that marks");
}

TEST_CASE("tar_reader: the bookkeeping of aufs is left out", "[layers]") {
  Reading reading(header('5', ".wh..wh.plnk/") + header('0', ".wh..wh.plnk/7.8", 1) + padded("x") +
                  header('0', "a") + kEnd);
  CHECK(reading.next().path.str() == "a");
}

TEST_CASE("tar_reader: GNU long names and links, and a prefix in ustar alone", "[layers]") {
  const std::string name = std::string(60, 'd') + "/" + std::string(130, 'n');
  const LayerEntry entry = only_entry(header('L', "././@LongLink", name.size() + 1) +
                                      padded(name + '\0') + header('K', "././@LongLink", 151) +
                                      padded(std::string(150, 't') + '\0') + header('2', "short"));
  CHECK(entry.path.str() == name);
  CHECK(entry.link_target == std::string(150, 't'));
  auto with_prefix = [](const char* magic) {
    return only_entry(header('0', "name", 0,
                             [=](TarHeader& h) {
                               std::memcpy(h.magic, magic, 8);
                               std::strcpy(h.prefix, "prefix");
                             }))
        .path.str();
  };
  CHECK(with_prefix("ustar\0"
                    "00") == "prefix/name");
  CHECK(with_prefix("ustar  ") == "name");
  CHECK(with_prefix("\0\0\0\0\0\0\0\0") == "name");
}

TEST_CASE("tar_reader: V7 archives mark directories by a slash", "[layers]") {
  CHECK(only_entry(header('\0', "d/")).type == EntryType::directory);
  CHECK(only_entry(header('\0', "f")).type == EntryType::file);
  CHECK(only_entry(header('0', "f/")).type == EntryType::file);
  CHECK(only_entry(header('7', "f")).type == EntryType::file);
}

TEST_CASE("tar_reader: pax records replace the header's fields", "[layers]") {
  const std::string data = "0123456789";
  Reading reading(pax(record("path", "real") + record("uid", "4294967294") + record("gid", "5") +
                      record("size", "10") + record("mtime", "1.25") + record("comment", "x") +
                      record("SCHILY.xattr.user.a", "=\n=") +
                      record("SCHILY.xattr.security.capability", std::string_view("\0\1", 2))) +
                  header('0', "name") + padded(data) + header('0', "next") + kEnd);
  const LayerEntry entry = reading.next();
  CHECK(entry.path.str() == "real");
  CHECK(entry.uid == 4294967294);
  CHECK(entry.gid == 5);
  CHECK(entry.mtime == base::TimePoint(std::chrono::milliseconds(1250)));
  CHECK(entry.xattrs == std::vector<base::Xattr>{{"security.capability", std::string("\0\1", 2)},
                                                 {"user.a", "=\n="}});
  CHECK(reading.content() == data);
  const LayerEntry next = reading.next();
  CHECK(next.path.str() == "next");
  CHECK(next.uid == 0);
  CHECK(next.xattrs.empty());
}

TEST_CASE("tar_reader: an empty pax value takes an earlier one back", "[layers]") {
  CHECK(
      only_entry(pax(record("path", "x") + record("path", "")) + header('0', "name")).path.str() ==
      "name");
}

TEST_CASE("tar_reader: global pax headers do not touch entries", "[layers]") {
  CHECK(only_entry(pax(record("path", "x") + record("comment", "c"), 'g') + header('0', "name"))
            .path.str() == "name");
}

TEST_CASE("tar_reader: marks of overlayfs are never taken over", "[layers]") {
  const LayerEntry entry = only_entry(pax(record("SCHILY.xattr.trusted.overlay.redirect", "/etc") +
                                          record("SCHILY.xattr.user.overlay.opaque", "y") +
                                          record("SCHILY.xattr.security.selinux", "label") +
                                          record("SCHILY.xattr.system.posix_acl_access", "acl")) +
                                      header('5', "d"));
  CHECK(entry.xattrs.empty());
}

TEST_CASE("tar_reader: malformed pax records are refused", "[layers]") {
  for (const std::string bad :
       {"x path=a\n", "7 path=a\n", "99 path=a\n", "9 path=a_", "0 path=a\n", "2 \n", "8 patha\n",
        "5 =a\n", "18446744073709551625 path=a\n", "9path=ab\n"}) {
    CAPTURE(bad);
    Reading reading(pax(bad) + header('0', "x"));
    CHECK_THROWS_AS(reading.reader.next(), base::ContentError);
  }
  refused(pax(record("uid", "-1")) + header('0', "x"), "no valid number");
  refused(pax(record("uid", "4294967295")) + header('0', "x"), "no valid number");
  refused(pax(record("size", "9223372036854775808")) + header('0', "x"), "no valid number");
  refused(pax(record("mtime", "yesterday")) + header('0', "x"), "no time");
}

TEST_CASE("tar_reader: sizes of extended data are bounded", "[layers]") {
  refused(header('x', "pax", 2 << 20) + padded(std::string(2 << 20, 'x')), "too large");
  refused(header('L', "long", std::uint64_t{1} << 32), "too large");
  refused(pax(record("SCHILY.xattr.user.a", std::string(70'000, 'v'))) + header('0', "x"),
          "extended attributes");
  std::string many;
  for (int i = 0; i < 1001; ++i) many += record("SCHILY.xattr.user." + std::to_string(i), "v");
  refused(pax(many) + header('0', "x"), "extended attributes");
}

TEST_CASE("tar_reader: sparse files and unknown types are refused by name", "[layers]") {
  refused(header('S', "s"), "sparse");
  refused(pax(record("GNU.sparse.major", "1")) + header('0', "x"), "sparse");
  refused(header('M', "m"), "type 'M'");
  refused(header('\x1b', "m"), "\\x1b");
}

TEST_CASE("tar_reader: damaged archives are refused", "[layers]") {
  std::string wrong_sum = header('0', "a");
  wrong_sum[0] = 'b';
  refused(wrong_sum, "checksum");
  refused(header('0', "a").substr(0, 300), "ends within a header");
  refused(header('0', "a", 600) + std::string(512, 'x'), "ends within the data");
  refused(header('x', "a", 100) + std::string(50, 'x'), "ends within a header");
  refused(std::string(512, '\0') + header('0', "a"), "zero block");
  refused(header('0', "a", 0, [](TarHeader& h) { std::memcpy(h.size, "00000000009", 11); }),
          "size");
  refused(header('0', "a", 0, [](TarHeader& h) { std::memset(h.size, 0xff, 12); }), "size");
  refused(header('0', "a", 0, [](TarHeader& h) { std::memcpy(h.uid, "-000001", 7); }), "uid");
  refused(header('0', "a", 0, [](TarHeader& h) { std::memcpy(h.mtime, "now", 3); }), "mtime");
}

TEST_CASE("tar_reader: an error tells where in the stream it is", "[layers]") {
  refused(header('0', "a") + header('0', "../b"), "after byte 512");
}

TEST_CASE("tar_reader: sums of signed characters are accepted", "[layers]") {
  std::string block = header('0', "\xff\xfe");
  TarHeader copy;
  std::memcpy(&copy, block.data(), sizeof copy);
  set_octal(copy.checksum, 7, tar_checksum(copy) - 512);
  CHECK(only_entry({reinterpret_cast<const char*>(&copy), sizeof copy}).path.str() == "\xff\xfe");
}

TEST_CASE("tar_reader: numbers in base 256", "[layers]") {
  const LayerEntry entry = only_entry(header('0', "a", 0, [](TarHeader& h) {
    std::memcpy(h.uid, "\x80\0\0\0\0\x2d\xc6\xc0", 8);
    std::memset(h.mtime, 0xff, sizeof h.mtime);
  }));
  CHECK(entry.uid == 3'000'000);
  CHECK(entry.mtime == base::TimePoint(std::chrono::seconds(-1)));
}

TEST_CASE("tar_reader: names that lead above the root can be confined to it", "[layers]") {
  const std::string tar =
      header('0', "../../etc/passwd") +
      header('1', "/../a/../../h", 0, [](TarHeader& h) { std::strcpy(h.link_name, "../x/y"); }) +
      std::string(1024, '\0');
  base::StringSource source(tar);
  TarReader reader(source, TarKind::archive);
  CHECK(reader.next()->path.str() == "etc/passwd");
  const auto link = reader.next();
  CHECK(link->path.str() == "h");
  CHECK(link->link_target == "x/y");
  CHECK_FALSE(reader.next());
}

}  // namespace ibuild::layers
