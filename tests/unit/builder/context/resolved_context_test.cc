#include "builder/context/resolved_context.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <map>

#include "base/error.h"
#include "builder/context/ignore_file.h"
#include "tests/unit/builder/context/tar_text.h"
#include "tests/unit/builder/git/git_fixture.h"

using namespace ibuild;
using builder::ResolvedContext;
using test::tar_end;
using test::TarText;

namespace {

/// Files by URL.
class FakeFiles : public builder::RemoteFiles {
 public:
  std::map<std::string, std::string> contents;
  std::optional<base::TimePoint> last_modified;

  builder::RemoteFile fetch(const builder::RemoteFileRequest& request, std::stop_token) override {
    const auto found = contents.find(request.url);
    if (found == contents.end()) throw base::Error("GET " + request.url + ": 404 Not Found");
    base::write_file_atomically(dir_.dir(), base::RelPath::exact("body"), found->second);
    return {.body = base::open_at(dir_.dir(), base::RelPath::exact("body"), O_RDONLY),
            .digest = base::sha256_of(found->second),
            .size_bytes = found->second.size(),
            .last_modified = last_modified};
  }

 private:
  base::TempDir dir_ = test::make_scratch_dir();
};

struct ContextFixture : test::GitFixture {
  FakeFiles files;
  std::vector<std::string> warnings;

  ResolvedContext resolve(const builder::ContextSpec& spec,
                          const std::string& standard_input = "") {
    base::StringSource input(standard_input);
    auto git = new_source();
    return resolve_context(spec,
                           {.store = *store,
                            .files = files,
                            .git = git,
                            .standard_input = &input,
                            .warn = [this](const std::string& text) { warnings.push_back(text); }},
                           {});
  }
};

std::string read_in(const ResolvedContext& context, const std::string& path) {
  return test::read_text(base::DirFd::open(context.directory), path);
}

}  // namespace

TEST_CASE("resolved_context: a directory is taken as it is", "[context]") {
  ContextFixture fixture;
  const auto context = fixture.resolve(builder::DirectoryContext{"some/where"});
  CHECK(context.directory == "some/where");
  CHECK_FALSE(context.dockerfile);
  CHECK(context.ignore_files == ResolvedContext::IgnoreFiles::apply);
}

TEST_CASE("resolved_context: a tar on standard input is unpacked for as long as it is needed",
          "[context]") {
  ContextFixture fixture;
  const std::string tar = TarText{.name = "Dockerfile", .content = "FROM scratch\n"}.str() +
                          TarText{.name = "big", .content = std::string(1 << 20, 'x')}.str() +
                          TarText{.name = "dev", .type = '3'}.str() + tar_end();
  {
    const auto context = fixture.resolve(builder::StdinContext{}, tar);
    CHECK(read_in(context, "Dockerfile") == "FROM scratch\n");
    CHECK(read_in(context, "big").size() == 1 << 20);
    CHECK_FALSE(context.dockerfile);
    CHECK(context.ignore_files == ResolvedContext::IgnoreFiles::none);
    CHECK(context.directory.starts_with("/"));
    CHECK(fixture.warnings.size() == 1);
  }
  CHECK(test::names_in(fixture.store->temp()).empty());
}

TEST_CASE("resolved_context: a Dockerfile on standard input has no context", "[context]") {
  ContextFixture fixture;
  const auto context = fixture.resolve(builder::StdinContext{}, "FROM scratch\n");
  CHECK(context.dockerfile == "FROM scratch\n");
  CHECK(context.directory.empty());
}

TEST_CASE("resolved_context: nothing on standard input is an error", "[context]") {
  ContextFixture fixture;
  CHECK_THROWS_WITH(fixture.resolve(builder::StdinContext{}),
                    "the context on standard input (-) is empty");
}

TEST_CASE("resolved_context: a tar by URL is unpacked", "[context]") {
  ContextFixture fixture;
  fixture.files.contents["http://h/c"] = TarText{.name = "a/b", .content = "x"}.str() + tar_end();
  const auto context = fixture.resolve(builder::UrlContext{"http://h/c"});
  CHECK(read_in(context, "a/b") == "x");
  CHECK_FALSE(context.dockerfile);
}

TEST_CASE("resolved_context: a Dockerfile by URL is the only file of its context", "[context]") {
  ContextFixture fixture;
  fixture.files.contents["http://h/Dockerfile"] = "FROM scratch\n";
  const auto context = fixture.resolve(builder::UrlContext{"http://h/Dockerfile"});
  CHECK(context.dockerfile == "FROM scratch\n");
  CHECK(test::names_in(base::DirFd::open(context.directory)) ==
        std::vector<std::string>{"context"});
  CHECK(read_in(context, "context") == "FROM scratch\n");
}

TEST_CASE("resolved_context: a context has the time of its newest file, or of its URL",
          "[context]") {
  ContextFixture fixture;
  const auto tar = TarText{.name = "a", .content = "x", .mtime = 1'000}.str() +
                   TarText{.name = "b", .content = "x", .mtime = 3'000}.str() +
                   TarText{.name = "dir/", .type = '5', .mtime = 9'000}.str() + tar_end();
  const auto seconds = [](const ResolvedContext& context) {
    return std::chrono::floor<std::chrono::seconds>(context.time.value())
        .time_since_epoch()
        .count();
  };
  CHECK(seconds(fixture.resolve(builder::StdinContext{}, tar)) == 3'000);
  fixture.files.contents["http://h/c"] = tar;
  CHECK(seconds(fixture.resolve(builder::UrlContext{"http://h/c"})) == 3'000);
  fixture.files.last_modified = base::TimePoint(std::chrono::seconds(5'000));
  CHECK(seconds(fixture.resolve(builder::UrlContext{"http://h/c"})) == 5'000);
  CHECK_FALSE(fixture.resolve(builder::DirectoryContext{"some/where"}).time);
}

TEST_CASE("resolved_context: what is neither a tar nor a Dockerfile is refused", "[context]") {
  ContextFixture fixture;
  const std::string binary("ELF\0\1", 5);
  CHECK_THROWS_WITH(fixture.resolve(builder::StdinContext{}, binary),
                    Catch::Contains("neither a tar"));
  fixture.files.contents["http://h/x"] = binary;
  CHECK_THROWS_WITH(fixture.resolve(builder::UrlContext{"http://h/x"}),
                    Catch::Contains("neither a tar"));
}

TEST_CASE("resolved_context: a URL that gives nothing is an error", "[context]") {
  ContextFixture fixture;
  CHECK_THROWS_WITH(fixture.resolve(builder::UrlContext{"http://h/x"}),
                    "GET http://h/x: 404 Not Found");
}

TEST_CASE("resolved_context: a git repository is checked out for as long as it is needed",
          "[context]") {
  if (!test::has_git()) return;
  ContextFixture fixture;
  test::GitRepository repository;
  repository.write("sub/file", "x");
  repository.commit("first");
  auto reference = test::local_reference(repository, "main");
  reference.subdir = "sub";
  {
    const auto context = fixture.resolve(builder::GitContext{reference});
    CHECK(read_in(context, "file") == "x");
    CHECK(context.ignore_files == ResolvedContext::IgnoreFiles::none);
    CHECK(context.time == base::parse_rfc3339("2020-01-02T03:04:05Z"));
  }
  CHECK(test::names_in(fixture.store->temp()).empty());
}

TEST_CASE("resolved_context: a Dockerfile of its own by URL", "[context]") {
  FakeFiles files;
  files.contents["http://h/Dockerfile"] = "FROM scratch\n";
  CHECK(builder::fetch_dockerfile("http://h/Dockerfile", files, {}) == "FROM scratch\n");
}

TEST_CASE("context: a directory that is called like an ignore file is none", "[builder]") {
  const base::TempDir context = test::make_scratch_dir();
  REQUIRE(::mkdirat(context.dir().get(), ".containerignore", 0755) == 0);
  CHECK_FALSE(builder::read_context_ignore_file(context.dir()));
  base::write_file_atomically(context.dir(), base::RelPath::exact(".dockerignore"), "a");
  CHECK(builder::read_context_ignore_file(context.dir()) == "a");
}
