#include "base/error.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cerrno>

using namespace ibuild::base;

TEST_CASE("error: context goes before the message, outermost first", "[base]") {
  Error error("no space left");
  error.add_context("write layer");
  error.add_context("step 2/3");
  CHECK(std::string(error.what()) == "step 2/3: write layer: no space left");
}

TEST_CASE("error: what tells of a failing disk has a hint", "[base]") {
  CHECK_THAT(SystemError(EIO, "read", "blob").hint(), Catch::Contains("dmesg"));
  CHECK_THAT(SystemError(EUCLEAN, "read", "blob").hint(), Catch::Contains("file system"));
  CHECK(SystemError(ENOENT, "open", "blob").hint().empty());
}

TEST_CASE("error: what is no file in a file's place has a hint", "[base]") {
  CHECK_THAT(SystemError(EISDIR, "open", "lock").hint(), Catch::Contains("a directory"));
  CHECK_THAT(SystemError(ELOOP, "open", "lock").hint(), Catch::Contains("a symbolic link"));
  CHECK_THAT(SystemError(ENXIO, "open", "lock").hint(), Catch::Contains("a socket"));
}

TEST_CASE("error: what tells of too many open files names the limit", "[base]") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK_THAT(SystemError(EMFILE, "pipe", "").hint(),
             Catch::Contains(std::to_string(limit.rlim_cur)) && Catch::Contains("ulimit -n"));
  CHECK_THAT(SystemError(ENFILE, "pipe", "").hint(), Catch::Contains("fs.file-max"));
}

TEST_CASE("error: a hint is kept apart from the message", "[base]") {
  Error error("no such stage");
  CHECK(error.hint().empty());
  error.set_hint("did you mean build?");
  CHECK(error.hint() == "did you mean build?");
  CHECK(std::string(error.what()) == "no such stage");
}

TEST_CASE("error: a system error names call, path and cause in plain words", "[base]") {
  const SystemError error(ENOENT, "open", "/etc/none");
  CHECK(std::string(error.what()) == "open /etc/none: no such file or directory");
  CHECK(error.error_number() == ENOENT);
}

TEST_CASE("error: a system error takes errno at once", "[base]") {
  errno = EACCES;
  const SystemError error("read", "x");
  errno = 0;
  CHECK(error.error_number() == EACCES);
}

TEST_CASE("error: a system error without a path has no gap", "[base]") {
  CHECK(std::string(SystemError(EMFILE, "pipe", "").what()) == "pipe: too many open files");
}

TEST_CASE("error: an unknown error number is shown as a number", "[base]") {
  CHECK(std::string(SystemError(99999, "call", "p").what()) == "call p: error number 99999");
}

TEST_CASE("error: control bytes of a path cannot reach the terminal", "[base]") {
  CHECK(std::string(SystemError(ENOENT, "open", "a\x1b[31m").what()).find('\x1b') ==
        std::string::npos);
}

TEST_CASE("error: a content error tells expectation and finding", "[base]") {
  const ContentError error("blob", "sha256:aa", "sha256:bb");
  CHECK(std::string(error.what()) == "blob: expected sha256:aa, got sha256:bb");
}

TEST_CASE("error: derived errors are caught as Error with their type kept", "[base]") {
  CHECK_THROWS_AS([] { throw CancelledError(); }(), Error);
  try {
    throw SystemError(EPERM, "mount", "/proc");
  } catch (Error& error) {
    error.add_context("step");
    CHECK(dynamic_cast<SystemError*>(&error) != nullptr);
    CHECK(std::string(error.what()) == "step: mount /proc: operation not permitted");
  }
}
