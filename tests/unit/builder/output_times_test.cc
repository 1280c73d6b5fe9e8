#include "builder/export/output_times.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "image/manifest.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using ibuild::test::BuildFixture;

namespace {

using Attributes = std::map<std::string, std::string>;

/// A build of now.
struct Timed : BuildFixture {
  Timed() {
    clock = base::Clock();
    images.add("base", {{"old", "old"}});
    write("a", "a");
  }
  builder::BuildResult built(const Attributes& attributes) {
    request.outputs = {{"image", attributes}};
    return build("FROM base\nENV x=y\nCOPY a /\n");
  }
};

constexpr const char* kThen = "2001-09-09T01:46:40Z";

}  // namespace

TEST_CASE("output_times: an output may have a time of its own", "[builder]") {
  Timed f;
  const auto plain = f.config(f.built({}));
  CHECK(plain.created > "2024");
  const auto timed = f.config(f.built({{"source-date-epoch", "1000000000"}}));
  CHECK(timed.created == kThen);
  CHECK(timed.history.back().created == kThen);
  CHECK(timed.diff_ids == plain.diff_ids);
  CHECK(f.config(f.built({{"source-date-epoch", ""}})).created == plain.created);
}

TEST_CASE("output_times: files of new layers are rewritten where that is asked for", "[builder]") {
  Timed f;
  const auto plain = f.config(f.built({}));
  const Attributes wanted{{"source-date-epoch", "1000000000"}, {"rewrite-timestamp", "true"}};
  const auto result = f.built(wanted);
  const auto timed = f.config(result);
  REQUIRE(timed.diff_ids.size() == 2);
  CHECK(timed.diff_ids[0] == plain.diff_ids[0]);
  CHECK(timed.diff_ids[1] != plain.diff_ids[1]);
  const auto tree = f.tree(result);
  CHECK(BuildFixture::content(*tree, "a") == "a");
  const auto file = tree->lookup(base::RelPath::exact("a"));
  REQUIRE(file);
  CHECK(base::format_rfc3339(file->entry.mtime) == kThen);
  CHECK(f.built(wanted).image.digest == result.image.digest);
}

TEST_CASE("output_times: rewritten layers are annotated as BuildKit does it", "[builder]") {
  Timed f;
  constexpr const char* kName = "buildkit/rewritten-timestamp";
  const auto layers_of = [&](const Attributes& attributes) {
    const auto result = f.built(attributes);
    return image::parse_manifest(f.store->content().read(result.image.digest)).layers;
  };
  const auto asked = layers_of({{"source-date-epoch", "7"}, {"rewrite-timestamp", "true"}});
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].annotations.empty());
  CHECK(asked[1].annotations == image::Annotations{{kName, "7"}});
  CHECK(layers_of({{"source-date-epoch", "7"}})[1].annotations.empty());
  CHECK(layers_of({{"rewrite-timestamp", "true"}})[1].annotations.empty());

  f.clock = base::Clock(std::chrono::sys_seconds(std::chrono::seconds(9)));
  CHECK(layers_of({{"rewrite-timestamp", "true"}})[1].annotations.at(kName) == "9");
  CHECK(
      layers_of({{"rewrite-timestamp", "true"}, {"source-date-epoch", ""}})[1].annotations.empty());
  const auto docker = layers_of({{"rewrite-timestamp", "true"}, {"oci-mediatypes", "false"}});
  CHECK(docker[1].annotations.empty());
}

TEST_CASE("output_times: all files of new layers have one time where that is asked for",
          "[builder]") {
  Timed f;
  // Later than every file.
  const auto result = f.built({{"source-date-epoch", "4000000000"}, {"rewrite-timestamp", "all"}});
  const auto config = f.config(result);
  CHECK(config.created == "2096-10-02T07:06:40Z");
  CHECK(config.history.back().created == "2096-10-02T07:06:40Z");
  const auto tree = f.tree(result);
  const auto file = tree->lookup(base::RelPath::exact("a"));
  const auto old = tree->lookup(base::RelPath::exact("old"));
  REQUIRE((file && old));
  CHECK(base::format_rfc3339(file->entry.mtime) == "2096-10-02T07:06:40Z");
  CHECK(base::format_rfc3339(old->entry.mtime) != "2096-10-02T07:06:40Z");
  CHECK_THROWS_WITH(f.built({{"rewrite-timestamp", "all"}}), Catch::Contains("needs a time"));
}

TEST_CASE("output_times: what is no time is refused", "[builder]") {
  for (const char* type : {"image", "oci", "tar", "local"}) {
    for (const char* text : {"noon", "-1", "9223372037"}) {
      builder::OutputSpec output{type, {{"source-date-epoch", text}}};
      if (output.type != "image") output.attributes["dest"] = "x";
      CHECK_THROWS_AS(builder::find_exporter(type).check(output, builder::ResultShape::image, {}),
                      base::UsageError);
    }
  }
}
