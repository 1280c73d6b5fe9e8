#include "sandbox/channel.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <thread>

#include "base/error.h"

namespace ibuild::sandbox {
namespace {

ino_t inode_of(int fd) {
  struct stat info {};
  REQUIRE(::fstat(fd, &info) == 0);
  return info.st_ino;
}

TEST_CASE("channel: frames arrive whole and in order", "[sandbox]") {
  auto [a, b] = Channel::open_pair();
  a.send("first");
  a.send("");
  CHECK(b.receive()->bytes == "first");
  CHECK(b.receive()->bytes.empty());
}

TEST_CASE("channel: a frame may be larger than a packet", "[sandbox]") {
  auto [a, b] = Channel::open_pair();
  std::string large;
  for (int i = 0; large.size() < (3 << 20); ++i) large += std::to_string(i);
  std::jthread sender([&a = a, &large] { a.send(large); });
  CHECK(b.receive()->bytes == large);
}

TEST_CASE("channel: descriptors arrive in order and close on exec", "[sandbox]") {
  auto [a, b] = Channel::open_pair();
  std::vector<base::UniqueFd> files;
  std::vector<int> numbers;
  for (int i = 0; i < 150; ++i) {  // more than a packet takes
    files.emplace_back(::open(i % 2 == 0 ? "/dev/null" : "/dev/zero", O_RDONLY | O_CLOEXEC));
    numbers.push_back(files.back().get());
  }
  a.send("fds", numbers);
  const auto frame = b.receive();
  REQUIRE(frame->fds.size() == numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    CHECK(inode_of(frame->fds[i].get()) == inode_of(numbers[i]));
    CHECK((::fcntl(frame->fds[i].get(), F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("channel: a closed end is the end of the stream", "[sandbox]") {
  auto [a, b] = Channel::open_pair();
  b.send("unread");
  a.close();
  CHECK_FALSE(b.receive().has_value());
}

TEST_CASE("channel: sending to nobody fails with EPIPE", "[sandbox]") {
  auto [a, b] = Channel::open_pair();
  b.close();
  try {
    a.send("x");
    FAIL("nothing was thrown");
  } catch (const base::SystemError& error) {
    CHECK(error.error_number() == EPIPE);
  }
}

TEST_CASE("channel: frames above the cap are refused", "[sandbox]") {
  auto [a, b] = Channel::open_pair();
  const std::string large(Channel::kFrameCapBytes + 1, 'x');
  CHECK_THROWS_AS(a.send(large), base::Error);
  const std::vector<int> many(Channel::kFrameFdsCap + 1, 0);
  CHECK_THROWS_AS(a.send("x", many), base::Error);
}

TEST_CASE("channel: a frame that breaks off is an error", "[sandbox]") {
  auto [a, b] = Channel::open_pair();
  // The first packet of a frame that announces more.
  REQUIRE(::write(a.fd(), "\1abc", 4) == 4);
  a.close();
  CHECK_THROWS_AS(b.receive(), base::ContentError);
}

}  // namespace
}  // namespace ibuild::sandbox
