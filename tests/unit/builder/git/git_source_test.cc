#include "builder/git/git_source.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <thread>

#include "base/error.h"
#include "builder/git/git_mirror.h"
#include "tests/unit/builder/git/git_fixture.h"

using namespace ibuild;
using builder::GitCheckout;
using parser::GitReference;

namespace {

struct SourceFixture : test::GitFixture {
  GitCheckout check_out(const GitReference& reference) const {
    auto source = new_source();
    return source.check_out(reference, source.resolve(reference, {}), {});
  }
  base::DirFd mirror(const std::string& url) const {
    return base::open_dir_at(store->cache_dir("git"),
                             base::RelPath::exact(std::string(base::sha256_of(url).hex())));
  }
};

mode_t mode_of(const GitCheckout& checkout, const std::string& path) {
  return base::lstat_at(checkout.root(), base::RelPath::exact(path)).st_mode & 07777;
}

GitReference with(GitReference reference, const std::function<void(GitReference&)>& change) {
  change(reference);
  return reference;
}

}  // namespace

TEST_CASE("git_source: the files of a commit, without .git", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("a/script", "one", 0755);
  repository.write("file", "one");
  repository.commit("first");
  repository.git({"tag", "v1"});
  repository.write("file", "two");
  repository.commit("second");

  const auto newest = fixture.check_out(test::local_reference(repository));
  CHECK(test::read_text(newest.root(), "file") == "two");
  CHECK(test::names_in(newest.root()) == std::vector<std::string>{"a", "file"});
  CHECK(mode_of(newest, "a/script") == 0755);
  CHECK(mode_of(newest, "file") == 0644);
  CHECK(mode_of(newest, "a") == 0755);
  const auto tagged = fixture.check_out(test::local_reference(repository, "v1"));
  CHECK(test::read_text(tagged.root(), "file") == "one");
}

TEST_CASE("git_source: a commit by its hash, on no branch's tip", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("file", "one");
  const auto first = repository.commit("first");
  repository.write("file", "two");
  repository.commit("second");
  const auto checkout = fixture.check_out(test::local_reference(repository, first));
  CHECK(test::read_text(checkout.root(), "file") == "one");
}

TEST_CASE("git_source: only what is wanted is fetched, once", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("file", "one");
  const auto first = repository.commit("first");
  repository.write("file", "two");
  const auto second = repository.commit("second");
  fixture.check_out(test::local_reference(repository, second));
  const std::string mirror = fixture.mirror(repository.url()).shown_as() + "/sha1.git";
  CHECK_THROWS(repository.git({"--git-dir=" + mirror, "cat-file", "-e", first}));
  // The remote may go: what is here is taken from here.
  base::remove_tree(base::DirFd::open(repository.host_path()), {});
  const auto again = fixture.check_out(test::local_reference(repository, second));
  CHECK(test::read_text(again.root(), "file") == "two");
}

TEST_CASE("git_source: one build sees one commit, the next build the next one", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("file", "one");
  repository.commit("first");
  const auto reference = test::local_reference(repository, "main");
  auto build = fixture.new_source();
  const auto commit = build.resolve(reference, {});
  repository.write("file", "two");
  repository.commit("second");
  CHECK(build.resolve(reference, {}) == commit);
  CHECK(test::read_text(build.check_out(reference, commit, {}).root(), "file") == "one");
  CHECK(test::read_text(fixture.check_out(reference).root(), "file") == "two");
}

TEST_CASE("git_source: a tag that was moved by force", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("file", "one");
  repository.commit("first");
  repository.git({"tag", "v1"});
  fixture.check_out(test::local_reference(repository, "v1"));
  repository.write("file", "two");
  repository.commit("second");
  repository.git({"tag", "--force", "v1"});
  CHECK(test::read_text(fixture.check_out(test::local_reference(repository, "v1")).root(),
                        "file") == "two");
}

TEST_CASE("git_source: a branch whose name was a directory of branches before", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.commit("first");
  repository.git({"branch", "a/b"});
  fixture.check_out(test::local_reference(repository, "a/b"));
  repository.git({"branch", "-D", "a/b"});
  repository.write("file", "x");
  repository.commit("second");
  repository.git({"branch", "a"});
  CHECK(test::exists(fixture.check_out(test::local_reference(repository, "a")).root(), "file"));
}

TEST_CASE("git_source: a commit that is not there", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.commit("first");
  const std::string hash(40, 'a');
  CHECK_THROWS_WITH(
      fixture.check_out(test::local_reference(repository, hash)),
      Catch::Matchers::StartsWith("git repository " + repository.url() + ": git fetch: ") &&
          Catch::Matchers::Contains(hash));
}

TEST_CASE("git_source: fetch-by-commit needs no ref at the remote", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("file", "one");
  const auto first = repository.commit("first");
  const auto reference = with(test::local_reference(repository, "gone"), [&](GitReference& r) {
    r.checksum = first;
    r.fetch_by_commit = true;
  });
  CHECK(test::exists(fixture.check_out(reference).root(), "file"));
}

TEST_CASE("git_source: a subdirectory", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("a/b/file", "one");
  repository.git({"config", "core.symlinks", "true"});
  REQUIRE(::symlink("/etc", (repository.host_path() + "/evil").c_str()) == 0);
  repository.commit("first");
  const auto in = [&](const std::string& subdir) {
    return with(test::local_reference(repository), [&](GitReference& r) { r.subdir = subdir; });
  };
  CHECK(test::names_in(fixture.check_out(in("a/b")).root()) == std::vector<std::string>{"file"});
  CHECK(test::names_in(fixture.check_out(in("/a/../a")).root()) == std::vector<std::string>{"b"});
  for (const char* bad : {"evil", "a/b/file", "nope"}) {
    CHECK_THROWS_WITH(fixture.check_out(in(bad)),
                      Catch::Matchers::Contains(std::string("there is no directory ") + bad));
  }
  CHECK_THROWS_WITH(fixture.check_out(in("evil")),
                    Catch::Matchers::EndsWith(": a symbolic link leads there"));
}

TEST_CASE("git_source: .git is kept on demand, with this commit alone in it", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("file", "one");
  const auto first = repository.commit("first");
  repository.git({"tag", "--annotate", "--message=x", "v1"});
  repository.write("file", "two");
  const auto second = repository.commit("second");
  const auto keeping = [&](const std::string& ref) {
    return fixture.check_out(with(test::local_reference(repository, ref),
                                  [](GitReference& r) { r.keep_git_dir = true; }));
  };
  const auto git = [&](const GitCheckout& checkout, const std::string& command) {
    const auto result = base::run_program(
        {"sh", "-c", "cd \"$1\" && git " + command, "sh", checkout.root().shown_as()});
    return result.out + result.err;
  };
  for (const std::string& ref : {std::string(), std::string("main"), second}) {
    const auto checkout = keeping(ref);
    CHECK(git(checkout, "status --short").empty());
    CHECK(git(checkout, "log --format=%H") == second + "\n");
    CHECK(git(checkout, "remote get-url origin") == repository.url() + "\n");
  }
  const auto tagged = keeping("v1");
  CHECK(git(tagged, "rev-parse HEAD") == first + "\n");
  CHECK(git(tagged, "describe") == "v1\n");
  CHECK(test::read_text(tagged.root(), "file") == "one");
  CHECK_FALSE(test::exists(tagged.root(), ".git/FETCH_HEAD"));
  CHECK_FALSE(test::exists(tagged.root(), ".git/objects/info/alternates"));
}

TEST_CASE("git_source: .git is not kept with a subdirectory", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("a/file", "one");
  repository.commit("first");
  const auto checkout =
      fixture.check_out(with(test::local_reference(repository), [](GitReference& r) {
        r.keep_git_dir = true;
        r.subdir = "a";
      }));
  CHECK(test::names_in(checkout.root()) == std::vector<std::string>{"file"});
}

TEST_CASE("git_source: submodules come along unless they are not wanted", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository library;
  library.write("code", "old");
  library.commit("first");
  test::GitRepository repository;
  repository.git({"submodule", "--quiet", "add", library.url(), "deep/lib"});
  repository.commit("with submodule");
  library.write("code", "new");
  library.commit("not the one wanted");

  const auto checkout = fixture.check_out(test::local_reference(repository));
  CHECK(test::read_text(checkout.root(), "deep/lib/code") == "old");
  CHECK(test::names_in(checkout.root(), "deep/lib") == std::vector<std::string>{"code"});
  const auto without = fixture.check_out(
      with(test::local_reference(repository), [](GitReference& r) { r.submodules = false; }));
  CHECK(test::names_in(without.root(), "deep/lib").empty());
}

TEST_CASE("git_source: a submodule's relative URL stands on the remote's", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository library;
  library.write("code", "x");
  library.commit("first");
  const std::string name = library.host_path().substr(library.host_path().rfind('/') + 1);
  test::GitRepository repository;
  repository.git({"submodule", "--quiet", "add", library.url(), "lib"});
  repository.git({"config", "--file=.gitmodules", "submodule.lib.url", "../" + name});
  repository.commit("first");
  CHECK(test::exists(fixture.check_out(test::local_reference(repository)).root(), "lib/code"));
}

TEST_CASE("git_source: a submodule cannot reach repositories of this machine", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository library;
  library.commit("first");
  test::GitRepository repository;
  repository.git({"submodule", "--quiet", "add", library.url(), "lib"});
  repository.commit("first");
  // As for a remote by https: what the user names may be fetched, what a repository names may not
  // be a file.
  builder::GitSource source(*fixture.store, {.settings = {{"protocol.file.allow", "user"}}});
  const auto reference = test::local_reference(repository);
  const auto commit = source.resolve(reference, {});
  CHECK_THROWS_WITH(source.check_out(reference, commit, {}),
                    Catch::Matchers::Contains("transport 'file' not allowed"));
}

TEST_CASE("git_source: files can have the commit's time", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("a/file", "x");
  repository.commit("zero", "2019-01-01T00:00:00Z");
  repository.write("a/file", "y");
  repository.commit("first", "2020-01-02T03:04:05Z");
  const auto checkout = fixture.check_out(
      with(test::local_reference(repository), [](GitReference& r) { r.mtime = "commit"; }));
  CHECK(base::lstat_at(checkout.root(), base::RelPath::exact("a/file")).st_mtim.tv_sec ==
        1577934245);
  CHECK(base::lstat_at(checkout.root(), base::RelPath::exact("a")).st_mtim.tv_sec == 1577934245);
}

TEST_CASE("git_source: repositories with SHA-256 hashes", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository("sha256");
  repository.write("file", "one");
  const auto hash = repository.commit("first");
  REQUIRE(hash.size() == 64);
  CHECK(test::exists(fixture.check_out(test::local_reference(repository)).root(), "file"));
  const auto kept = fixture.check_out(with(test::local_reference(repository, hash),
                                           [](GitReference& r) { r.keep_git_dir = true; }));
  CHECK(test::exists(kept.root(), ".git/HEAD"));
}

TEST_CASE("git_source: a damaged mirror is made anew", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("file", "one");
  repository.commit("first");
  const auto reference = test::local_reference(repository);
  fixture.check_out(reference);
  const auto mirror = fixture.mirror(repository.url());
  SECTION("everything in it is gone") {
    base::remove_tree(mirror, base::RelPath::exact("sha1.git/objects"));
  }
  SECTION("a tree is gone") {
    const auto tree =
        repository.git({"rev-parse", "HEAD^{tree}"});  // so few objects are not packed
    base::remove_tree(mirror, base::RelPath::exact("sha1.git/objects/" + tree.substr(0, 2)));
  }
  SECTION("objects were cut off, and a new commit is fetched") {
    for (const auto& folder : base::list_dir(mirror, base::RelPath::exact("sha1.git/objects"))) {
      if (folder.name.size() != 2) continue;
      const auto path = base::RelPath::exact("sha1.git/objects/" + folder.name);
      for (const auto& object : base::list_dir(mirror, path))
        base::write_file_atomically(mirror, path.join(object.name), "");
    }
    repository.write("other", "two");
    repository.commit("second");
  }
  CHECK(test::read_text(fixture.check_out(reference).root(), "file") == "one");
}

TEST_CASE("git_source: what a killed git left behind is no obstacle", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.commit("first");
  fixture.check_out(test::local_reference(repository));
  base::write_file_atomically(fixture.mirror(repository.url()),
                              base::RelPath::exact("sha1.git/shallow.lock"), "");
  repository.write("file", "x");
  repository.commit("second");
  CHECK(test::exists(fixture.check_out(test::local_reference(repository)).root(), "file"));
}

TEST_CASE("git_source: checkouts side by side", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("file", "one");
  repository.commit("first");
  auto source = fixture.new_source();
  const auto reference = test::local_reference(repository);
  std::vector<std::string> texts(4);
  {
    std::vector<std::jthread> threads;
    for (auto& text : texts) {
      threads.emplace_back([&] {
        const auto checkout = source.check_out(reference, source.resolve(reference, {}), {});
        text = test::read_text(checkout.root(), "file");
      });
    }
  }
  CHECK(texts == std::vector<std::string>(4, "one"));
}

TEST_CASE("git_source: a checkout leaves nothing behind", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.write("file", "one");
  repository.commit("first");
  { fixture.check_out(test::local_reference(repository)); }
  CHECK(test::names_in(fixture.store->temp()).empty());
}

TEST_CASE("git_source: a stop request ends a fetch", "[git]") {
  if (!test::has_git()) return;
  SourceFixture fixture;
  test::GitRepository repository;
  repository.commit("first");
  std::stop_source stop;
  stop.request_stop();
  auto source = fixture.new_source();
  CHECK_THROWS_AS(source.resolve(test::local_reference(repository), stop.get_token()),
                  base::CancelledError);
}

TEST_CASE("git_source: what decides about the files is in the content's name, and nothing else",
          "[git]") {
  const builder::GitCommit commit{.ref = "refs/tags/v1", .object = "tag", .commit = "commit"};
  CHECK(builder::git_content_name({}, commit) == "commit");
  CHECK(builder::git_content_name({.ref = "other", .submodules = true}, commit) == "commit");
  CHECK(builder::git_content_name({.subdir = "/a/../b"}, commit) == "commit:b");
  CHECK(builder::git_content_name({.keep_git_dir = true}, commit) == "tag.git#refs/tags/v1");
  CHECK(builder::git_content_name({.subdir = "b", .keep_git_dir = true}, commit) == "commit:b");
  CHECK(builder::git_content_name({.submodules = false}, commit) == "commit without submodules");
  CHECK(builder::git_content_name({.mtime = "commit"}, commit) == "commit mtime=commit");
  CHECK(builder::git_content_name({.mtime = "checkout"}, commit) == "commit");
}
