#include "cli/dockerfile_input.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using builder::ResolvedContext;

namespace {

/// One file, whatever the URL.
class OneFile : public builder::RemoteFiles {
 public:
  builder::RemoteFile fetch(const builder::RemoteFileRequest& request, std::stop_token) override {
    url = request.url;
    base::write_file_atomically(dir_.dir(), base::RelPath::exact("body"), "by URL");
    return {.body = base::open_at(dir_.dir(), base::RelPath::exact("body"), 0),
            .digest = base::sha256_of("by URL"),
            .size_bytes = 6,
            .last_modified = {}};
  }
  std::string url;

 private:
  base::TempDir dir_ = test::make_scratch_dir();
};

struct Context {
  base::TempDir dir = test::make_scratch_dir();
  base::TempDir outside = test::make_scratch_dir();
  OneFile files;
  builder::ContextSpec spec = builder::DirectoryContext{dir.host_path()};
  ResolvedContext context;
  std::string ignore_file;

  Context() {
    context.directory = dir.host_path();
    context.ignore_files = ResolvedContext::IgnoreFiles::apply;
  }
  /// The context came from elsewhere.
  void be_fetched(builder::ContextSpec from = builder::UrlContext{"http://web.test/c.tar"}) {
    spec = std::move(from);
    context.ignore_files = ResolvedContext::IgnoreFiles::none;
  }
  static void put(const base::TempDir& where, const std::string& name, const std::string& text) {
    const auto path = base::RelPath::exact(name);
    base::make_dirs(where.dir(), path.parent());
    base::write_file_atomically(where.dir(), path, text);
  }
  void add(const std::string& name, const std::string& text) { put(dir, name, text); }
  void link(const std::string& name, const std::string& target) {
    REQUIRE(::symlinkat(target.c_str(), dir.dir().get(), name.c_str()) == 0);
  }
  std::string path(const std::string& name) const { return dir.host_path() + "/" + name; }
  cli::DockerfileInput read(const std::string& file = "", const std::string& stdin_text = "") {
    base::StringSource in(stdin_text);
    return cli::read_dockerfile(
        {.file = file, .ignore_file = ignore_file, .spec = spec, .context = context},
        {.standard_input = in, .files = &files, .stop = {}});
  }
};

}  // namespace

TEST_CASE("dockerfile_input: Dockerfile first, then dockerfile, then Containerfile", "[cli]") {
  Context context;
  context.add("Containerfile", "of others");
  CHECK(context.read().text == "of others");
  context.add("dockerfile", "lower");
  CHECK(context.read().text == "lower");
  context.add("Dockerfile", "upper");
  CHECK(context.read().text == "upper");
  CHECK(context.read().name == "Dockerfile");
}

TEST_CASE("dockerfile_input: a named file counts from where we stand", "[cli]") {
  Context context;
  context.add("sub/build.df", "named");
  const auto input = context.read(context.path("sub/build.df"));
  CHECK(input.text == "named");
  CHECK(input.name == "build.df");
  Context::put(context.outside, "other.df", "outside");
  CHECK(context.read(context.outside.host_path() + "/other.df").text == "outside");
}

TEST_CASE("dockerfile_input: standard input", "[cli]") {
  Context context;
  context.add(".dockerignore", "*.o");
  const auto input = context.read("-", "FROM x\n");
  CHECK(input.text == "FROM x\n");
  CHECK(input.ignore_file == "*.o");
}

TEST_CASE("dockerfile_input: a file by URL, with the context's ignore file", "[cli]") {
  Context context;
  context.add(".dockerignore", "*.o");
  const auto input = context.read("https://web.test/dir/my.df");
  CHECK(context.files.url == "https://web.test/dir/my.df");
  CHECK(input.text == "by URL");
  CHECK(input.name == "my.df");
  CHECK(input.ignore_file == "*.o");
}

TEST_CASE("dockerfile_input: which ignore file wins", "[cli]") {
  Context context;
  context.add("Dockerfile", "x");
  CHECK_FALSE(context.read().ignore_file);
  context.add(".dockerignore", "docker's");
  CHECK(context.read().ignore_file == "docker's");
  context.add(".containerignore", "podman's");
  CHECK(context.read().ignore_file == "podman's");
  context.add("Dockerfile.containerignore", "own, podman's");
  CHECK(context.read().ignore_file == "own, podman's");
  context.add("Dockerfile.dockerignore", "own");
  CHECK(context.read().ignore_file == "own");
  Context::put(context.outside, "given", "given");
  context.ignore_file = context.outside.host_path() + "/given";
  CHECK(context.read().ignore_file == "given");
}

TEST_CASE("dockerfile_input: a fetched context's ignore files do not count, a given one does",
          "[cli]") {
  Context context;
  context.add("Dockerfile", "x");
  context.add(".dockerignore", "docker's");
  context.be_fetched();
  CHECK_FALSE(context.read().ignore_file);
  context.ignore_file = context.path(".dockerignore");
  CHECK(context.read().ignore_file == "docker's");
}

TEST_CASE("dockerfile_input: in a fetched context paths count from its root", "[cli]") {
  Context context;
  context.add("sub/my.df", "inside");
  Context::put(context.outside, "my.df", "outside");
  context.be_fetched();
  CHECK(context.read("sub/my.df").text == "inside");
  CHECK(context.read("../sub/./my.df").text == "inside");
  CHECK(context.read(context.outside.host_path() + "/my.df").text == "outside");
  context.be_fetched(builder::StdinContext{});
  CHECK(context.read("/sub/my.df").text == "inside");
}

TEST_CASE("dockerfile_input: links stay inside of the context", "[cli]") {
  Context context;
  Context::put(context.outside, "Dockerfile", "outside");
  context.add("sub/real", "inside");
  context.link("inner", "sub/real");
  context.link("Dockerfile", context.outside.host_path() + "/Dockerfile");
  CHECK(context.read(context.path("inner")).text == "inside");
  CHECK_THROWS_WITH(context.read(), Catch::Contains("leads to nothing inside of the context"));
  CHECK_THROWS_WITH(context.read(context.path("Dockerfile")), Catch::Contains("leads to nothing"));
  context.be_fetched();
  CHECK_THROWS_WITH(context.read(), Catch::Contains("leads to nothing"));
  CHECK_THROWS_WITH(context.read("Dockerfile"), Catch::Contains("leads to nothing"));
}

TEST_CASE("dockerfile_input: a context that is a Dockerfile", "[cli]") {
  Context context;
  context.be_fetched();
  context.context.dockerfile = "the context";
  CHECK(context.read().text == "the context");
  CHECK(context.read("-", "other").text == "other");
  CHECK(context.read().warning.empty());
  const auto named = context.read("x");
  CHECK(named.text == "the context");
  CHECK_THAT(named.warning, Catch::Contains("--file x is not looked for"));
  context.be_fetched(builder::StdinContext{});
  CHECK_THROWS_AS(context.read("x"), base::UsageError);
  CHECK_THROWS_AS(context.read("http://web.test/x"), base::UsageError);
  CHECK_THROWS_AS(context.read("-"), base::UsageError);
}

TEST_CASE("dockerfile_input: what is missing is said, with what to do", "[cli]") {
  Context context;
  CHECK_THROWS_WITH(context.read(), Catch::Contains("no Dockerfile"));
  CHECK_THROWS_WITH(context.read("/no/such/file"), Catch::Contains("/no/such/file"));
  CHECK_THROWS_WITH(context.read(context.path("none")), Catch::Contains("there is no file"));
  CHECK_THROWS_AS(context.read("git@example.com:x/y"), base::UsageError);
  context.be_fetched();
  CHECK_THROWS_WITH(context.read("none"), Catch::Contains("there is no file none in the context"));
}
