#include "base/stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild::base;

namespace {

std::string drain(ByteSource& source) { return read_all(source, 1 << 20, "test"); }

/// Gives one byte per read.
class Trickle : public ByteSource {
 public:
  explicit Trickle(std::string_view text) : source_(text) {}
  std::size_t read(std::span<std::byte> buffer) override {
    return source_.read(buffer.first(buffer.empty() ? 0 : 1));
  }

 private:
  StringSource source_;
};

}  // namespace

TEST_CASE("stream: a string is read to its end", "[base]") {
  StringSource source("hello");
  std::array<std::byte, 3> buffer;
  CHECK(source.read(buffer) == 3);
  CHECK(as_text(buffer) == "hel");
  CHECK(source.read(buffer) == 2);
  CHECK(source.read(buffer) == 0);
}

TEST_CASE("stream: copy moves everything and counts", "[base]") {
  const std::string text(300'000, 'x');
  StringSource source(text);
  StringSink sink;
  CHECK(copy_stream(source, sink) == text.size());
  CHECK(sink.text() == text);
}

TEST_CASE("stream: read_all takes exactly the cap and refuses one byte more", "[base]") {
  StringSource fits("12345");
  CHECK(read_all(fits, 5, "x") == "12345");
  StringSource larger("123456");
  CHECK_THROWS_WITH(read_all(larger, 5, "the note"), "the note: larger than 5 bytes");
  Trickle slow("123456");
  CHECK_THROWS_AS(read_all(slow, 5, "x"), ContentError);
  StringSource empty("");
  CHECK(read_all(empty, 0, "x").empty());
}

TEST_CASE("stream: descriptors are read and written from where they stand", "[base]") {
  const TempDir scratch = ibuild::test::make_scratch_dir();
  const UniqueFd fd = open_at(scratch.dir(), RelPath::exact("f"), O_RDWR | O_CREAT | O_EXCL, 0600);
  FdSink sink(fd.get());
  sink.write(as_bytes("one "));
  sink.write(as_bytes("two"));
  REQUIRE(::lseek(fd.get(), 4, SEEK_SET) == 4);
  FdSource source(fd.get());
  CHECK(drain(source) == "two");
}

TEST_CASE("stream: ranges of one descriptor do not disturb each other", "[base]") {
  const TempDir scratch = ibuild::test::make_scratch_dir();
  write_file_atomically(scratch.dir(), RelPath::exact("f"), "0123456789");
  const UniqueFd fd = open_at(scratch.dir(), RelPath::exact("f"), O_RDONLY);
  FdRangeSource first(fd.get(), 2, 3);
  FdRangeSource second(fd.get(), 7, 3);
  std::array<std::byte, 2> buffer;
  CHECK(first.read(buffer) == 2);
  CHECK(drain(second) == "789");
  CHECK(drain(first) == "4");
}

TEST_CASE("stream: a range beyond the end of the file is an error, not a short read", "[base]") {
  const TempDir scratch = ibuild::test::make_scratch_dir();
  write_file_atomically(scratch.dir(), RelPath::exact("f"), "0123456789");
  const UniqueFd fd = open_at(scratch.dir(), RelPath::exact("f"), O_RDONLY);
  FdRangeSource range(fd.get(), 8, 5);
  CHECK_THROWS_AS(drain(range), ContentError);
}

TEST_CASE("stream: a failed write names the file", "[base]") {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  REQUIRE(full.valid());
  FdSink sink(full.get());
  CHECK_THROWS_WITH(sink.write(as_bytes("x")), "write /dev/full: no space left on device");
}

TEST_CASE("stream: a failed read is a system error", "[base]") {
  const UniqueFd dir(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  FdSource source(dir.get());
  std::array<std::byte, 8> buffer;
  CHECK_THROWS_AS(source.read(buffer), SystemError);
}
