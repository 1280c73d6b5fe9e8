#include "base/unique_fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <type_traits>

#include "base/scope_exit.h"
#include "base/synchronized.h"

using namespace ibuild::base;

namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

UniqueFd open_something() { return UniqueFd(::open("/", O_PATH | O_CLOEXEC)); }

}  // namespace

TEST_CASE("unique_fd: closes when it goes out of scope", "[base]") {
  int fd = -1;
  {
    const UniqueFd owner = open_something();
    fd = owner.get();
    REQUIRE(is_open(fd));
  }
  CHECK_FALSE(is_open(fd));
}

TEST_CASE("unique_fd: a move hands the descriptor over", "[base]") {
  UniqueFd first = open_something();
  const int fd = first.get();
  UniqueFd second = std::move(first);
  CHECK_FALSE(first.valid());
  CHECK(second.get() == fd);
  CHECK(is_open(fd));
}

TEST_CASE("unique_fd: assignment closes what was held", "[base]") {
  UniqueFd owner = open_something();
  const int old = owner.get();
  UniqueFd other = open_something();
  const int fresh = other.get();
  owner = std::move(other);
  CHECK_FALSE(is_open(old));
  CHECK(owner.get() == fresh);
  CHECK(is_open(fresh));
}

TEST_CASE("unique_fd: assignment to itself keeps the descriptor", "[base]") {
  UniqueFd owner = open_something();
  UniqueFd& same = owner;
  owner = std::move(same);
  CHECK(is_open(owner.get()));
}

TEST_CASE("unique_fd: release gives up ownership", "[base]") {
  UniqueFd owner = open_something();
  const int fd = owner.release();
  CHECK_FALSE(owner);
  CHECK(is_open(fd));
  ::close(fd);
}

TEST_CASE("unique_fd: closing leaves errno alone", "[base]") {
  errno = ENOSPC;
  { const UniqueFd bad(1 << 20); }  // close fails with EBADF
  CHECK(errno == ENOSPC);
}

TEST_CASE("unique_fd: a pipe passes bytes and is close-on-exec", "[base]") {
  const Pipe pipe = Pipe::open();
  CHECK((::fcntl(pipe.read_end.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(pipe.write_end.get(), F_GETFD) & FD_CLOEXEC) != 0);
  REQUIRE(::write(pipe.write_end.get(), "x", 1) == 1);
  char byte = 0;
  REQUIRE(::read(pipe.read_end.get(), &byte, 1) == 1);
  CHECK(byte == 'x');
}

TEST_CASE("scope_exit: runs at the end of the scope unless dismissed", "[base]") {
  int runs = 0;
  {
    const ScopeExit once([&] { ++runs; });
    CHECK(runs == 0);
  }
  CHECK(runs == 1);
  {
    ScopeExit never([&] { ++runs; });
    never.dismiss();
  }
  CHECK(runs == 1);
}

TEST_CASE("scope_exit: can be neither copied nor moved", "[base]") {
  using Guard = ScopeExit<void (*)()>;
  CHECK_FALSE(std::is_copy_constructible_v<Guard>);
  CHECK_FALSE(std::is_move_constructible_v<Guard>);
}

TEST_CASE("synchronized: the guard reaches the value", "[base]") {
  Synchronized<int> number(3);
  *number.lock() += 4;
  CHECK(*number.lock() == 7);
}
