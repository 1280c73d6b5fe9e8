// Where files come from: URLs, git repositories, contexts of all kinds, through the real program.
#include <catch2/catch.hpp>

#include "base/digest.h"
#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/web_server.h"
#include "tests/support/git_repository.h"

using namespace ibuild;
using namespace ibuild::e2e;
using Catch::Matchers::Contains;

namespace {

/// Content of a file of an image, through an output as a directory.
std::string file_of(Machine& machine, std::vector<std::string> build, const std::string& path,
                    const RunOptions& options = {}) {
  build.insert(build.begin(), {"build", "-o", machine.path("out")});
  machine.run({"rm", "-rf", machine.path("out")});
  const auto built = machine.ibuild(build, options);
  INFO(built.err);
  CHECK(built.code == 0);
  return machine.exists("out/" + path) ? machine.read("out/" + path) : "(missing)";
}

/// A repository with a Dockerfile, served at URL/git/app.git.
struct ServedRepository {
  explicit ServedRepository(WebServer& web) {
    repository.write("Dockerfile", "FROM scratch\nCOPY . /src/\n");
    repository.write("sub/Dockerfile", "FROM scratch\nCOPY . /sub/\n");
    repository.write("sub/file", "one");
    first = repository.commit("first");
    repository.git({"tag", "v1"});
    repository.write("sub/file", "two");
    repository.commit("second");
    repository.git(
        {"clone", "--quiet", "--bare", repository.host_path(), root.host_path() + "/app.git"});
    web.serve_git(root.host_path());
    url = web.url() + "/git/app.git";
  }
  test::GitRepository repository;
  base::TempDir root = test::make_scratch_dir();
  std::string first;
  std::string url;
};

}  // namespace

TEST_CASE("sources: ADD of a URL asks again and takes what changed, for everybody", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      WebServer web;
      web.put("/tool", {"one", {{"ETag", "\"1\""}}});
      machine.write("context/Dockerfile", "FROM scratch\nADD " + web.url() + "/tool /bin/\n");
      CHECK(file_of(machine, {"context"}, "bin/tool") == "one");
      CHECK(file_of(machine, {"context"}, "bin/tool") == "one");
      CHECK(web.log() == std::vector<std::string>{"GET /tool 200", "GET /tool 304"});
      web.put("/tool", {"two", {{"ETag", "\"2\""}}});
      CHECK(file_of(machine, {"context"}, "bin/tool") == "two");
    }
  }
}

TEST_CASE("sources: a URL that gives nothing, or the wrong bytes, is told", "[e2e]") {
  Machine machine;
  WebServer web;
  web.put("/tool", {"one"});
  const auto missing = machine.build("app:1", "FROM scratch\nADD " + web.url() + "/none /\n");
  CHECK(missing.code == 1);
  CHECK_THAT(missing.err, Contains("Dockerfile:2:1") && Contains("404"));
  const auto wrong =
      machine.build("app:1", "FROM scratch\nADD --checksum=" + base::sha256_of("other").str() +
                                 " " + web.url() + "/tool /\n");
  CHECK(wrong.code == 1);
  CHECK_THAT(wrong.err, Contains("digest mismatch") && Contains(base::sha256_of("one").str()));
}

TEST_CASE("sources: a tar by URL is unpacked when asked for", "[e2e]") {
  Machine machine;
  WebServer web;
  machine.write("files/a/b", "in the tar");
  machine.must_run({"tar", "-C", machine.path("files"), "-czf", machine.path("files.tgz"), "a"});
  web.put("/files.tgz", {machine.read("files.tgz")});
  machine.write("context/Dockerfile",
                "FROM scratch\nADD --unpack " + web.url() + "/files.tgz /x/\n");
  CHECK(file_of(machine, {"context"}, "x/a/b") == "in the tar");
}

TEST_CASE("sources: repositories as contexts and in ADD, for everybody", "[e2e]") {
  if (!test::has_git()) return;
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      WebServer web;
      const ServedRepository served(web);
      CHECK(file_of(machine, {served.url}, "src/sub/file") == "two");
      CHECK_FALSE(machine.exists("out/src/.git"));
      CHECK(file_of(machine, {served.url + "#v1:sub"}, "sub/file") == "one");
      CHECK(file_of(machine, {"-f", "sub/Dockerfile", served.url + "?ref=" + served.first},
                    "sub/sub/file") == "one");
      machine.write("context/Dockerfile", "FROM scratch\nADD " + served.url + "#v1 /src/\n");
      CHECK(file_of(machine, {"context"}, "src/sub/file") == "one");
      CHECK(file_of(machine, {"--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1", served.url + "#v1"},
                    "src/.git/HEAD")
                .starts_with(served.first));
      CHECK(machine.processes_left().empty());
    }
  }
}

TEST_CASE("sources: a repository without such a ref, or behind a login, is told", "[e2e]") {
  if (!test::has_git()) return;
  Machine machine;
  WebServer web;
  const ServedRepository served(web);
  const auto no_ref = machine.ibuild({"build", served.url + "#nowhere"});
  CHECK(no_ref.code == 1);
  CHECK_THAT(no_ref.err, Contains(served.url) && Contains("does not contain ref nowhere"));
  const auto no_directory = machine.ibuild({"build", served.url + "#:nowhere"});
  CHECK_THAT(no_directory.err, Contains("there is no directory nowhere"));
  web.serve_git(served.root.host_path(), "Basic c2VjcmV0");
  const auto no_login = machine.ibuild({"build", served.url});
  CHECK(no_login.code == 1);
  CHECK_THAT(no_login.err, Contains("GIT_AUTH_TOKEN"));
}

TEST_CASE("sources: secrets log in to web servers and git servers", "[e2e]") {
  if (!test::has_git()) return;
  Machine machine;
  WebServer web;
  const ServedRepository served(web);
  web.put("/tool", {"private", {}, "Bearer t0k3n"});
  machine.write("context/Dockerfile", "FROM scratch\nADD " + web.url() + "/tool /\n");
  const RunOptions with_token{.env = {"TOKEN=t0k3n"}};
  CHECK(file_of(machine, {"--secret", "id=HTTP_AUTH_TOKEN_127.0.0.1,env=TOKEN", "context"}, "tool",
                with_token) == "private");
  // "x-access-token:t0k3n"
  web.serve_git(served.root.host_path(), "basic eC1hY2Nlc3MtdG9rZW46dDBrM24=");
  CHECK(file_of(machine, {"--secret", "id=GIT_AUTH_TOKEN,env=TOKEN", served.url}, "src/sub/file",
                with_token) == "two");
  const auto wrong = machine.ibuild(
      {"build", "--secret", "id=GIT_AUTH_TOKEN,env=TOKEN", served.url}, {.env = {"TOKEN=other"}});
  CHECK(wrong.code == 1);
  CHECK_THAT(wrong.err, !Contains("other"));
}

TEST_CASE("sources: the context comes through standard input", "[e2e]") {
  Machine machine;
  machine.write("files/Dockerfile", "FROM scratch\nCOPY file /\n");
  machine.write("files/other.df", "FROM scratch\nCOPY file /other\n");
  machine.write("files/file", "of the tar");
  for (const char* compression : {"--no-auto-compress", "--gzip", "--bzip2", "--xz"}) {
    CAPTURE(compression);
    machine.must_run(
        {"tar", "-C", machine.path("files"), compression, "-cf", machine.path("c.tar"), "."});
    CHECK(file_of(machine, {"-"}, "file", {.stdin_text = machine.read("c.tar")}) == "of the tar");
  }
  CHECK(file_of(machine, {"-f", "other.df", "-"}, "other", {.stdin_text = machine.read("c.tar")}) ==
        "of the tar");
  // A Dockerfile alone, and one for a directory.
  CHECK(file_of(machine, {"-"}, "made",
                {.stdin_text = "FROM scratch\nCOPY <<made /\nhi\nmade\n"}) == "hi\n");
  machine.write("context/here", "here");
  CHECK(file_of(machine, {"-f", "-", "context"}, "here",
                {.stdin_text = "FROM scratch\nCOPY here /\n"}) == "here");
}

TEST_CASE("sources: what standard input cannot be is told", "[e2e]") {
  Machine machine;
  const auto both = machine.ibuild({"build", "-f", "-", "-"});
  CHECK(both.code == 2);
  CHECK_THAT(both.err, Contains("both the context and the Dockerfile"));
  const auto nothing = machine.ibuild({"build", "-"});
  CHECK(nothing.code == 2);
  CHECK_THAT(nothing.err, Contains("is empty"));
  const auto two = machine.ibuild({"build", "-f", "x", "-"}, {.stdin_text = "FROM scratch\n"});
  CHECK(two.code == 2);
  CHECK_THAT(two.err, Contains("the context is another one"));
}

TEST_CASE("sources: a tar or a Dockerfile by URL as context, and -f URL", "[e2e]") {
  Machine machine;
  WebServer web;
  machine.write("files/Dockerfile", "FROM scratch\nCOPY file /\n");
  machine.write("files/file", "of the tar");
  machine.must_run({"tar", "-C", machine.path("files"), "-czf", machine.path("c.tar"), "."});
  web.put("/c.tar.gz", {machine.read("c.tar")});
  web.put("/Dockerfile", {"FROM scratch\nCOPY context /itself\n"});
  web.put("/here.df", {"FROM scratch\nCOPY here /\n"});
  machine.write("context/here", "here");
  CHECK(file_of(machine, {web.url() + "/c.tar.gz"}, "file") == "of the tar");
  CHECK_THAT(file_of(machine, {web.url() + "/Dockerfile"}, "itself"), Contains("COPY context"));
  CHECK(file_of(machine, {"-f", web.url() + "/here.df", "context"}, "here") == "here");
  const auto missing = machine.ibuild({"build", web.url() + "/none.tar"});
  CHECK(missing.code == 3);
  CHECK_THAT(missing.err, Contains("404"));
}

TEST_CASE("sources: no tar reaches out of the context", "[e2e]") {
  Machine machine;
  machine.write("secret", "secret");
  machine.must_run({"sh", "-c",
                    "mkdir t && ln -s /etc/hostname t/abs && ln -s ../../../secret t/rel && "
                    "printf 'FROM scratch\\nCOPY abs rel /\\n' > t/Dockerfile && "
                    "tar -C t -cf links.tar . && tar -P -cf up.tar --transform 's|^secret|../up|' "
                    "secret"});
  const auto links = machine.ibuild({"build", "-"}, {.stdin_text = machine.read("links.tar")});
  CHECK(links.code == 1);
  CHECK_THAT(links.err, Contains("\"/abs\": not found in the build context"));
  const auto up = machine.ibuild({"build", "-"}, {.stdin_text = machine.read("up.tar")});
  CHECK(up.code == 1);
  CHECK_FALSE(machine.exists("up"));
}

TEST_CASE("sources: named contexts in place of images and stages, for everybody", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.write("other/file", "other");
      machine.write("context/Dockerfile",
                    "FROM alpine AS a\nFROM scratch\nCOPY --from=a file /\n"
                    "COPY --from=more file /more\n");
      machine.write("layout-context/Dockerfile", "FROM scratch\nCOPY file /\n");
      machine.write("layout-context/file", "of a layout");
      machine.must(
          {"build", "-o", "type=oci,tar=false,dest=" + machine.path("layout"), "layout-context"});
      CHECK(file_of(machine,
                    {"--build-context", "alpine=other", "--build-context",
                     "more=oci-layout://" + machine.path("layout"), "context"},
                    "file") == "other");
      CHECK(machine.read("out/more") == "of a layout");
    }
  }
}

TEST_CASE("sources: ignore files of other names", "[e2e]") {
  Machine machine;
  machine.write("context/Dockerfile", "FROM scratch\nCOPY . /\n");
  machine.write("context/a", "a");
  machine.write("context/b", "b");
  machine.write("context/.dockerignore", "a\n");
  machine.write("context/.containerignore", "b\n");
  machine.write("mine", "a\nb\n");
  CHECK(file_of(machine, {"context"}, "b") == "(missing)");
  CHECK(machine.exists("out/a"));
  CHECK(file_of(machine, {"--ignorefile", "mine", "context"}, "a") == "(missing)");
  CHECK_FALSE(machine.exists("out/b"));
}

TEST_CASE("sources: a bad pattern in an ignore file is a mistake in a file", "[e2e]") {
  Machine machine;
  machine.write("context/Dockerfile", "FROM scratch\nCOPY . /\n");
  machine.write("context/.dockerignore", "a\n!\n");
  const auto refused = machine.ibuild({"build", "context"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("ignore file, line 2: illegal exclusion pattern"));
}

TEST_CASE("sources: --debug shows each request and what came of it", "[e2e]") {
  Machine machine;
  WebServer web;
  web.put("/tool", {"one", {}});
  machine.write("context/Dockerfile", "FROM scratch\nADD " + web.url() + "/tool /\n");
  const std::vector<std::string> build = {"build", "-o", machine.path("out"), "context"};
  CHECK_THAT(machine.ibuild(build).err, !Contains("/tool: 200"));
  auto debug = build;
  debug.insert(debug.begin() + 1, {"-D", "--no-cache", "--compress"});
  const auto told = machine.ibuild(debug);
  CHECK(told.code == 0);
  CHECK_THAT(told.err, Contains("[internal] requests") &&
                           Contains("GET " + web.url() + "/tool: ") && Contains(" ms") &&
                           Contains("--compress has no effect"));
  web.put("/tool", {"other", {}});
  machine.write("context/Dockerfile", "FROM scratch\nADD " + web.url() + "/none /\n");
  const auto missing = machine.ibuild(debug);
  CHECK(missing.code != 0);
  CHECK_THAT(missing.err, Contains("GET " + web.url() + "/none: 404, "));
}
