#include "builder/ops/sent_paths.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/support/builder/fakes.h"

using namespace ibuild;
using Catch::Matchers::Contains;
using ibuild::test::BuildFixture;

namespace {

struct SearchFixture : BuildFixture {
  SearchFixture() {
    write("dir/a", "a");
    write("dir/sub/b", "b");
    write("other/c", "c");
    REQUIRE(::symlinkat("dir", context().get(), "link") == 0);
  }
  void passes(const std::string& instructions) {
    INFO(instructions);
    build("FROM scratch\n" + instructions);
  }
  void fails(const std::string& instructions, const std::string& directory) {
    INFO(instructions);
    CHECK_THROWS_WITH(build("FROM scratch\n" + instructions),
                      Contains("\"" + directory + "\": not found: nothing in it matches"));
  }
};

}  // namespace

TEST_CASE("sent paths: a search in a directory of which nothing is taken is refused", "[builder]") {
  SearchFixture f;
  f.fails("COPY dir/*.x /d/\n", "/dir");
  f.fails("COPY link/*.x /d/\n", "/link");
  f.fails("COPY dir/sub/*.x dir/a /d/\n", "/dir/sub");
  f.fails("COPY dir/*/none /d/\n", "/dir");
  f.fails("COPY --parents dir/./*.x /d/\n", "/dir");
  f.fails("COPY other/c /d/\nCOPY dir/*.x /d/\n", "/dir");
  f.fails("COPY dir/a/* /d/\n", "/dir/a");
  f.passes("COPY dir/a/* dir/a /d/\n");
  f.passes("COPY none* /d/\n");
  f.passes("COPY --parents dir/*.x /d/\n");
}

TEST_CASE("sent paths: any instruction of the build brings a directory", "[builder]") {
  SearchFixture f;
  f.passes("COPY dir/*.x /d/\nCOPY dir/a /e\n");
  f.passes("COPY dir/*.x dir/a /d/\n");
  f.passes("COPY dir/*.x /d/\nCOPY link/a /e\n");
  f.passes("COPY dir/*.x /d/\nADD di[r] /e/\n");
  f.passes("COPY dir/*.x /d/\nCOPY . /e/\n");
  f.passes("COPY dir/*.x /d/\nRUN --mount=target=/x,source=dir/sub nothing\n");
  f.passes("COPY dir/*.x /d/\nRUN --mount=type=tmpfs,target=/x nothing\n");
  f.fails("COPY dir/*.x /d/\nRUN --mount=target=/x,source=other nothing\n", "/dir");
}

TEST_CASE("sent paths: stages, and contexts from elsewhere, are there as a whole", "[builder]") {
  SearchFixture f;
  f.build("FROM scratch AS s\nCOPY . /\nFROM scratch\nCOPY --from=s dir/*.x /d/\n");
  f.request.contexts.add("files", builder::DirectoryContext{*f.request.context_dir});
  f.fails("COPY --from=files dir/*.x /d/\n", "/dir");
  f.passes("COPY --from=files dir/*.x dir/a /d/\n");
  f.fails("COPY --from=files dir/*.x /d/\nCOPY dir /e/\n", "/dir");
  f.request.context_life = builder::BuildRequest::ContextLife::this_build;
  f.passes("COPY dir/*.x /d/\n");
}
