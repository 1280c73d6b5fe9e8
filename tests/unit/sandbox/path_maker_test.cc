#include "sandbox/path_maker.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "base/error.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::sandbox {
namespace {

/// A root with a list of what make_in_root wanted made, each of which it makes.
class MadeNames {
 public:
  const base::DirFd& root() const { return dir_.dir(); }
  void link(const char* target, const char* name) {
    REQUIRE(::symlinkat(target, root().get(), name) == 0);
  }
  std::string make(const char* path, LeafKind kind = LeafKind::directory) {
    names.clear();
    const auto place = make_in_root(root(), base::RelPath::clean(path), kind,
                                    [&](const MissingName& missing) { return note(missing); });
    return place ? place->absolute() : "";
  }
  std::vector<std::string> names;

 private:
  bool note(const MissingName& missing) {
    names.push_back(missing.path.str() + (missing.kind == LeafKind::directory ? "/" : ""));
    if (missing.kind == LeafKind::directory) {
      return ::mkdirat(missing.parent_fd, missing.name.c_str(), 0755) == 0;
    }
    return ::mknodat(missing.parent_fd, missing.name.c_str(), S_IFREG | 0644, 0) == 0;
  }
  base::TempDir dir_ = test::make_scratch_dir();
};

using Names = std::vector<std::string>;

TEST_CASE("path maker: what is missing is made from the top", "[sandbox]") {
  MadeNames made;
  CHECK(made.make("a/b/f", LeafKind::file) == "/a/b/f");
  CHECK(made.names == Names{"a/", "a/b/", "a/b/f"});
  CHECK(made.make("a/b/c") == "/a/b/c");
  CHECK(made.names == Names{"a/b/c/"});
}

TEST_CASE("path maker: the root needs nothing", "[sandbox]") {
  MadeNames made;
  CHECK(made.make("/") == "/");
  CHECK(made.names.empty());
}

TEST_CASE("path maker: links are followed with the root as /", "[sandbox]") {
  MadeNames made;
  made.link("/real", "absolute");
  made.link("../../../real/up", "dots");
  CHECK(made.make("absolute/x") == "/real/x");
  CHECK(made.names == Names{"real/", "real/x/"});
  CHECK(made.make("dots") == "/real/up");
}

TEST_CASE("path maker: a dangling link as last name leads to what is made", "[sandbox]") {
  MadeNames made;
  made.link("run/resolv/stub.conf", "resolv.conf");
  CHECK(made.make("resolv.conf", LeafKind::file) == "/run/resolv/stub.conf");
  CHECK(made.names == Names{"run/", "run/resolv/", "run/resolv/stub.conf"});
}

TEST_CASE("path maker: links that go round end in an error", "[sandbox]") {
  MadeNames made;
  made.link("b", "a");
  made.link("a", "b");
  try {
    made.make("a/x");
    FAIL("nothing was thrown");
  } catch (const base::SystemError& error) {
    CHECK(error.error_number() == ELOOP);
  }
  CHECK(made.names.empty());
}

TEST_CASE("path maker: a file in the way is an error", "[sandbox]") {
  MadeNames made;
  made.make("f", LeafKind::file);
  CHECK_THROWS_AS(made.make("f/x"), base::SystemError);
}

TEST_CASE("path maker: a refusal ends the walk", "[sandbox]") {
  MadeNames made;
  int asked = 0;
  const auto place = make_in_root(made.root(), base::RelPath::exact("a/b"), LeafKind::file,
                                  [&](const MissingName&) { return ++asked > 1; });
  CHECK_FALSE(place.has_value());
  CHECK(asked == 1);
}

}  // namespace
}  // namespace ibuild::sandbox
