#include "builder/git/git_remote.h"

#include <catch2/catch.hpp>
#include <map>

#include "base/base64.h"
#include "base/error.h"
#include "tests/unit/builder/git/git_fixture.h"

using namespace ibuild;
using builder::GitCommit;
using builder::GitRemote;
using builder::GitSetting;

namespace {

builder::SecretLookup secrets_of(std::map<std::string, std::string> secrets) {
  return [secrets](const std::string& id) -> std::optional<std::string> {
    const auto found = secrets.find(id);
    return found == secrets.end() ? std::nullopt : std::optional(found->second);
  };
}

GitCommit resolve(const test::GitRepository& repository, const parser::GitReference& reference) {
  const builder::GitProgram git({.settings = {{"protocol.file.allow", "always"}}});
  return resolve_git_reference(git, {repository.url(), {}}, reference, {});
}

std::vector<GitSetting> authorization(const std::string& scope, const std::string& value) {
  return {{"http." + scope + ".extraHeader", "Authorization: " + value}};
}

}  // namespace

TEST_CASE("git_remote: a remote without secrets needs no settings", "[git]") {
  const auto remote = builder::make_git_remote("https://host/a.git", {});
  CHECK(remote.url == "https://host/a.git");
  CHECK(remote.settings.empty());
}

TEST_CASE("git_remote: user and password leave the URL", "[git]") {
  const auto remote = builder::make_git_remote("https://me:p%40ss@host:8443/a.git", {});
  CHECK(remote.url == "https://host:8443/a.git");
  CHECK(remote.settings ==
        authorization("https://host:8443/a.git", "Basic " + base::encode_base64("me:p@ss")));
  CHECK(builder::make_git_remote("ssh://git@host/a.git", {}).url == "ssh://git@host/a.git");
  CHECK(builder::make_git_remote("git@host:a.git", {}).url == "git@host:a.git");
}

TEST_CASE("git_remote: a token is sent to the repository it is for", "[git]") {
  const auto token = "basic " + base::encode_base64("x-access-token:geheim");
  CHECK(builder::make_git_remote("https://host/a.git", secrets_of({{"GIT_AUTH_TOKEN", "geheim\n"}}))
            .settings == authorization("https://host/a.git", token));
  CHECK(builder::make_git_remote("https://github.com/a/b.git",
                                 secrets_of({{"GIT_AUTH_TOKEN", "geheim"}}))
            .settings == authorization("https://github.com/", token));
  CHECK(builder::make_git_remote("git@host:a.git", secrets_of({{"GIT_AUTH_TOKEN", "geheim"}}))
            .settings.empty());
}

TEST_CASE("git_remote: the host's own secret goes first, and a header before a token", "[git]") {
  std::map<std::string, std::string> all = {{"GIT_AUTH_HEADER.host", "1"},
                                            {"GIT_AUTH_TOKEN.host", "2"},
                                            {"GIT_AUTH_HEADER", "3"},
                                            {"GIT_AUTH_TOKEN", "4"},
                                            {"GIT_AUTH_HEADER.other", "5"}};
  const auto value = [&] {
    return builder::make_git_remote("https://host/a.git", secrets_of(all)).settings.at(0).value;
  };
  CHECK(value() == "Authorization: 1");
  all.erase("GIT_AUTH_HEADER.host");
  CHECK(value() == "Authorization: basic " + base::encode_base64("x-access-token:2"));
  all.erase("GIT_AUTH_TOKEN.host");
  CHECK(value() == "Authorization: 3");
}

TEST_CASE("git_remote: refs that git could take for something else are refused", "[git]") {
  for (const char* ref :
       {"-x", "--upload-pack=sh", "a b", "a:b", "a^", "a~1", "a?", "a*", "a[", "a\\b", "a..b",
        "a@{1}", "/a", "a/", "a//b", "a.lock", "a.", "@", "a\x7f"}) {
    INFO(ref);
    parser::GitReference reference;
    reference.ref = ref;
    CHECK_THROWS_AS(builder::check_git_reference(reference), base::UsageError);
  }
}

TEST_CASE("git_remote: checksums must be hashes, and fetch-by-commit must have one", "[git]") {
  const auto error_of = [](const parser::GitReference& reference) -> std::string {
    try {
      builder::check_git_reference(reference);
    } catch (const base::UsageError& error) {
      return error.what();
    }
    return "";
  };
  const std::string hash(40, 'a');
  CHECK(error_of({.checksum = "foobar"}) ==
        "invalid checksum foobar for Git URL, expected hex commit hash");
  CHECK(error_of({.checksum = "ABC123"}).empty());
  CHECK(error_of({.ref = "main", .fetch_by_commit = true}) ==
        "fetch-by-commit requires a checksum or a commit SHA ref");
  CHECK(error_of({.ref = "main", .checksum = "abc", .fetch_by_commit = true}) ==
        "fetch-by-commit requires a full commit SHA checksum, got \"abc\"");
  CHECK(error_of({.ref = hash, .fetch_by_commit = true}).empty());
  CHECK(error_of({.ref = "main", .checksum = hash, .fetch_by_commit = true}).empty());
}

TEST_CASE("git_remote: branches, tags and the default branch", "[git]") {
  if (!test::has_git()) return;
  test::GitRepository repository;
  const auto first = repository.commit("first");
  repository.git({"tag", "light"});
  repository.git({"tag", "--annotate", "--message=x", "heavy"});
  const auto heavy = repository.git({"rev-parse", "heavy"});
  repository.git({"branch", "feature/one"});
  repository.git({"update-ref", "refs/pull/1/head", first});
  const auto second = repository.commit("second");

  CHECK(resolve(repository, {}) ==
        GitCommit{.ref = "refs/heads/main", .object = second, .commit = second});
  CHECK(resolve(repository, {.ref = "HEAD"}).object == second);
  CHECK(resolve(repository, {.ref = "light"}) ==
        GitCommit{.ref = "refs/tags/light", .object = first, .commit = first});
  CHECK(resolve(repository, {.ref = "heavy"}) ==
        GitCommit{.ref = "refs/tags/heavy", .object = heavy, .commit = first});
  CHECK(resolve(repository, {.ref = "refs/tags/heavy"}).commit == first);
  CHECK(resolve(repository, {.ref = "feature/one"}).ref == "refs/heads/feature/one");
  CHECK(resolve(repository, {.ref = "refs/heads/main"}).object == second);
  CHECK(resolve(repository, {.ref = "refs/pull/1/head"}).object == first);
  CHECK(resolve(repository, {.ref = "pull/1/head"}).object == first);
}

TEST_CASE("git_remote: a branch goes before a tag of its name, and no part of a name is enough",
          "[git]") {
  if (!test::has_git()) return;
  test::GitRepository repository;
  repository.commit("first");
  repository.git({"tag", "both"});
  const auto second = repository.commit("second");
  repository.git({"branch", "both"});
  repository.git({"branch", "deep/name"});
  CHECK(resolve(repository, {.ref = "both"}) ==
        GitCommit{.ref = "refs/heads/both", .object = second, .commit = second});
  CHECK_THROWS_WITH(resolve(repository, {.ref = "name"}),
                    "the repository does not contain ref name");
}

TEST_CASE("git_remote: which repositories are reached through ssh", "[git]") {
  CHECK(builder::speaks_ssh("git@github.com:me/app.git"));
  CHECK(builder::speaks_ssh("ssh://git@host:22/app.git"));
  CHECK_FALSE(builder::speaks_ssh("https://host/app.git"));
  CHECK_FALSE(builder::speaks_ssh("git://host/app.git"));
}

TEST_CASE("git_remote: a repository without commits has no default branch", "[git]") {
  if (!test::has_git()) return;
  test::GitRepository repository;
  CHECK_THROWS_WITH(resolve(repository, {}), "there is no default branch");
}

TEST_CASE("git_remote: a hash is not asked about", "[git]") {
  const std::string hash(40, 'a');
  const builder::GitProgram git({});
  const GitRemote nowhere{"https://nowhere.invalid/r.git", {}};
  const auto commit = resolve_git_reference(git, nowhere, {.ref = hash}, {});
  CHECK(
      commit ==
      GitCommit{.ref = hash, .object = hash, .commit = hash, .fetch_by = GitCommit::FetchBy::hash});
  const auto by_commit = resolve_git_reference(
      git, nowhere, {.ref = "v1", .checksum = hash, .fetch_by_commit = true}, {});
  CHECK(by_commit == GitCommit{.ref = "refs/heads/v1",
                               .object = hash,
                               .commit = hash,
                               .fetch_by = GitCommit::FetchBy::hash});
  CHECK(resolve_git_reference(git, nowhere, {.checksum = hash, .fetch_by_commit = true}, {}).ref ==
        hash);
}

TEST_CASE("git_remote: the checksum must be the beginning of the hash", "[git]") {
  if (!test::has_git()) return;
  test::GitRepository repository;
  const auto first = repository.commit("first");
  repository.git({"tag", "--annotate", "--message=x", "heavy"});
  const auto heavy = repository.git({"rev-parse", "heavy"});
  CHECK(resolve(repository, {.ref = "main", .checksum = first}).object == first);
  CHECK(resolve(repository, {.ref = "main", .checksum = first.substr(0, 7)}).object == first);
  CHECK(resolve(repository, {.ref = "heavy", .checksum = heavy}).object == heavy);
  CHECK(resolve(repository, {.ref = "heavy", .checksum = first}).object == heavy);
  CHECK_THROWS_WITH(resolve(repository, {.ref = "heavy", .checksum = "1234"}),
                    "expected checksum to match 1234, got " + heavy + " or " + first);
  CHECK_THROWS_AS(resolve(repository, {.ref = first, .checksum = "1234"}), base::ContentError);
}
