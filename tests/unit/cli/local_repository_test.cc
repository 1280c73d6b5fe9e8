#include "cli/local_repository.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/support/git_repository.h"

using namespace ibuild;
using Facts = std::map<std::string, std::string>;

namespace {

Facts describe(const std::string& context, const std::string& dockerfile = {}) {
  return cli::describe_repository(context, dockerfile, {});
}

}  // namespace

TEST_CASE("local_repository: revision, source and places", "[cli]") {
  if (!test::has_git()) return;
  test::GitRepository repository;
  repository.write("app/src/f", "x");
  repository.write("docker/Dockerfile", "FROM scratch");
  CHECK(describe(repository.host_path()) == Facts{{"localdir:context", "."}});

  const auto revision = repository.commit("one");
  repository.git({"remote", "add", "upstream", "https://h.example/up.git"});
  const auto app = repository.host_path() + "/app";
  const Facts expected = {{"localdir:context", "app"},
                          {"localdir:dockerfile", "docker"},
                          {"revision", revision},
                          {"source", "https://h.example/up.git"}};
  CHECK(describe(app, repository.host_path() + "/docker") == expected);
  CHECK(describe(app + "/src").at("localdir:context") == "app/src");

  const test::GitRepository other;
  CHECK_FALSE(describe(app, other.host_path()).contains("localdir:dockerfile"));
}

TEST_CASE("local_repository: the branch's remote goes before origin, that before others", "[cli]") {
  if (!test::has_git()) return;
  test::GitRepository repository;
  repository.commit("one");
  const auto source = [&] { return describe(repository.host_path())["source"]; };
  CHECK(source().empty());
  repository.git({"remote", "add", "upstream", "https://h.example/up.git"});
  CHECK(source() == "https://h.example/up.git");
  repository.git({"remote", "add", "origin", "git@h.example:team/app.git"});
  CHECK(source() == "git@h.example:team/app.git");
  repository.git({"remote", "add", "mine", "https://h.example/mine.git"});
  repository.git({"config", "branch.main.remote", "mine"});
  CHECK(source() == "https://h.example/mine.git");
  repository.git({"config", "branch.main.remote", "."});
  CHECK(source() == "git@h.example:team/app.git");
}

TEST_CASE("local_repository: credentials are left out, also those that git puts in", "[cli]") {
  if (!test::has_git()) return;
  test::GitRepository repository;
  const auto source = [&] { return describe(repository.host_path())["source"]; };
  repository.git({"remote", "add", "origin", "https://me:secret@h.example/app.git"});
  CHECK(source() == "https://h.example/app.git");
  repository.git({"remote", "set-url", "origin", "https://h.example/app.git"});
  repository.git({"config", "url.https://token@h.example/.insteadOf", "https://h.example/"});
  CHECK(source() == "https://h.example/app.git");
}

TEST_CASE("local_repository: outside of a work tree there is nothing to tell", "[cli]") {
  if (!test::has_git()) return;
  const auto dir = test::make_scratch_dir();
  CHECK(describe(dir.host_path()).empty());
  CHECK(describe(dir.host_path() + "/missing").empty());
  test::GitRepository repository;
  CHECK(describe(repository.host_path() + "/.git").empty());
}

TEST_CASE("local_repository: labels where they are asked for", "[cli]") {
  if (!test::has_git()) return;
  test::GitRepository repository;
  repository.write("app/Dockerfile", "FROM scratch");
  const auto revision = repository.commit("one");
  repository.git({"remote", "add", "origin", "https://me:secret@h.example/app.git"});
  const auto app = repository.host_path() + "/app";
  const auto labels = [&](const std::string& dockerfile) {
    return cli::repository_labels(app, dockerfile, {});
  };
  CHECK(labels(app + "/Dockerfile").empty());
  for (const char* wanted : {"1", "true", "full"}) {
    setenv("BUILDX_GIT_LABELS", wanted, 1);
    CHECK(labels(app + "/Dockerfile") ==
          Facts{{"com.docker.image.source.entrypoint", "app/Dockerfile"},
                {"org.opencontainers.image.revision", revision},
                {"org.opencontainers.image.source", "https://h.example/app.git"}});
  }
  CHECK_FALSE(labels("").contains("com.docker.image.source.entrypoint"));
  CHECK_FALSE(labels("/etc/passwd").contains("com.docker.image.source.entrypoint"));
  setenv("BUILDX_GIT_LABELS", "no", 1);
  CHECK(labels(app + "/Dockerfile").empty());
  unsetenv("BUILDX_GIT_LABELS");
}
