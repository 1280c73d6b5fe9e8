#include "cli/dockerfile_input.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;

namespace {

struct Context {
  base::TempDir dir = test::make_scratch_dir();
  void add(const std::string& name, const std::string& text) {
    const auto path = base::RelPath::exact(name);
    base::make_dirs(dir.dir(), path.parent());
    base::write_file_atomically(dir.dir(), path, text);
  }
  cli::DockerfileInput read(const std::string& file = "", const std::string& stdin_text = "") {
    std::istringstream in(stdin_text);
    return cli::read_dockerfile({.file = file, .context = dir.host_path()}, in);
  }
};

}  // namespace

TEST_CASE("dockerfile_input: Dockerfile first, then dockerfile", "[cli]") {
  Context context;
  context.add("dockerfile", "lower");
  CHECK(context.read().text == "lower");
  context.add("Dockerfile", "upper");
  CHECK(context.read().text == "upper");
  CHECK(context.read().name == "Dockerfile");
}

TEST_CASE("dockerfile_input: a named file counts from where we stand", "[cli]") {
  Context context;
  context.add("sub/build.df", "named");
  const auto input = context.read(context.dir.host_path() + "/sub/build.df");
  CHECK(input.text == "named");
  CHECK(input.name == "build.df");
}

TEST_CASE("dockerfile_input: standard input", "[cli]") {
  Context context;
  context.add(".dockerignore", "*.o");
  const auto input = context.read("-", "FROM x\n");
  CHECK(input.text == "FROM x\n");
  CHECK(input.ignore_file == "*.o");
}

TEST_CASE("dockerfile_input: the ignore file beside the Dockerfile wins", "[cli]") {
  Context context;
  context.add("Dockerfile", "x");
  CHECK_FALSE(context.read().ignore_file);
  context.add(".dockerignore", "common");
  CHECK(context.read().ignore_file == "common");
  context.add("Dockerfile.dockerignore", "own");
  CHECK(context.read().ignore_file == "own");
}

TEST_CASE("dockerfile_input: what is missing is said, with what to do", "[cli]") {
  Context context;
  CHECK_THROWS_WITH(context.read(), Catch::Contains("no Dockerfile"));
  CHECK_THROWS_WITH(context.read("/no/such/file"), Catch::Contains("/no/such/file"));
  CHECK_THROWS_AS(context.read("https://example.com/Dockerfile"), base::UsageError);
}

TEST_CASE("dockerfile_input: a context is a directory; other forms are named", "[cli]") {
  Context context;
  context.add("file", "x");
  CHECK_NOTHROW(cli::check_context(context.dir.host_path()));
  CHECK_THROWS_AS(cli::check_context(context.dir.host_path() + "/file"), base::UsageError);
  CHECK_THROWS_AS(cli::check_context(context.dir.host_path() + "/none"), base::SystemError);
  for (const char* text : {"-", "https://example.com/x.git", "git@example.com:x/y"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(cli::check_context(text), Catch::Contains("not supported"));
  }
}
