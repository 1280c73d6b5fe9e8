#include "builder/export/output_attributes.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "builder/export/exporter.h"
#include "builder/export/layer_blobs.h"

using ibuild::base::UsageError;
using ibuild::builder::find_exporter;
using ibuild::builder::ImageFormat;
using ibuild::builder::OutputAttributes;
using ibuild::builder::OutputSpec;
using ibuild::builder::read_layer_format;

namespace {

constexpr auto kImage = ibuild::builder::ResultShape::image;

}  // namespace

TEST_CASE("output_attributes: an unknown attribute is named with the nearest known one",
          "[builder]") {
  const OutputSpec output{"tar", {{"dset", "out.tar"}}};
  try {
    OutputAttributes(output).allow_only({"dest"});
    FAIL("accepted");
  } catch (const UsageError& error) {
    CHECK(std::string(error.what()) == "output type=tar: attribute dset is not supported");
    CHECK(error.hint() == "did you mean dest?");
  }
}

TEST_CASE("output_attributes: flags take true and false only", "[builder]") {
  const OutputSpec output{"image", {{"push", "maybe"}, {"a", "true"}, {"b", "false"}}};
  const OutputAttributes attributes(output);
  CHECK(attributes.flag("a", false));
  CHECK_FALSE(attributes.flag("b", true));
  CHECK(attributes.flag("absent", true));
  CHECK_THROWS_AS(attributes.flag("push", false), UsageError);
}

TEST_CASE("output_attributes: a missing dest is an error", "[builder]") {
  CHECK_THROWS_AS(find_exporter("tar").check({"tar", {}}, kImage, {}), UsageError);
  CHECK_THROWS_AS(find_exporter("oci").check({"oci", {{"dest", ""}}}, kImage, {}), UsageError);
  CHECK_NOTHROW(find_exporter("local").check({"local", {{"dest", "out"}}}, kImage, {}));
}

TEST_CASE("archive_exporter: docker's archive holds no index of several platforms", "[builder]") {
  const OutputSpec output{"docker", {{"dest", "out.tar"}}};
  CHECK_NOTHROW(find_exporter("docker").check(output, kImage, {}));
  CHECK_THROWS_WITH(find_exporter("docker").check(output, ibuild::builder::ResultShape::index, {}),
                    Catch::Contains("type=docker"));
}

TEST_CASE("output_attributes: compression and level must fit", "[builder]") {
  const auto read = [](std::map<std::string, std::string> attributes) {
    const OutputSpec output{"image", std::move(attributes)};
    return read_layer_format(OutputAttributes(output), ImageFormat::oci);
  };
  CHECK(read({{"compression", "zstd"}, {"compression-level", "22"}}).compression.level == 22);
  CHECK(read({{"compression", "zstd"}, {"compression-level", "0"}}).compression.level == 1);
  CHECK(read({}).format == ImageFormat::oci);
  CHECK(read({{"oci-mediatypes", "false"}}).format == ImageFormat::docker);
  CHECK_THROWS_AS(read({{"compression", "lzma"}}), UsageError);
  CHECK_THROWS_AS(read({{"compression-level", "10"}}), UsageError);
  CHECK_THROWS_AS(read({{"compression", "uncompressed"}, {"compression-level", "1"}}), UsageError);
  CHECK_THROWS_AS(read({{"compression", "zstd"}, {"oci-mediatypes", "false"}}), UsageError);
  CHECK(read({{"compression", "estargz"}, {"compression-level", "9"}}).compression.level == 9);
  CHECK_THROWS_AS(read({{"compression", "estargz"}, {"oci-mediatypes", "false"}}), UsageError);
}

TEST_CASE("output_attributes: compatibility-version takes what images are like today",
          "[builder]") {
  OutputSpec output{"image", {{"compatibility-version", "30"}}};
  CHECK_NOTHROW(find_exporter("image").check(output, kImage, {}));
  output.attributes["compatibility-version"] = "20";
  try {
    find_exporter("image").check(output, kImage, {});
    FAIL("accepted");
  } catch (const UsageError& error) {
    CHECK_THAT(error.what(), Catch::Contains("compatibility-version 20 is not supported"));
    CHECK_THAT(error.hint(), Catch::Contains("oci-mediatypes=false"));
  }
  output.attributes["compatibility-version"] = "new";
  CHECK_THROWS_WITH(find_exporter("image").check(output, kImage, {}),
                    Catch::Contains("compatibility-version takes a number"));
}

TEST_CASE("output_attributes: times are always rewritten, and nobody is told otherwise",
          "[builder]") {
  for (const char* type : {"image", "registry", "oci", "docker"}) {
    CAPTURE(type);
    OutputSpec output{type, {{"rewrite-timestamp", "true"}}};
    if (type[0] == 'o' || type[0] == 'd') output.attributes["dest"] = "x";
    CHECK_NOTHROW(find_exporter(type).check(output, kImage, {}));
    output.attributes["rewrite-timestamp"] = "false";
    CHECK_THROWS_AS(find_exporter(type).check(output, kImage, {}), UsageError);
  }
}

TEST_CASE("exporter: an unknown type is refused with the nearest", "[builder]") {
  try {
    find_exporter("ocl");
    FAIL("accepted");
  } catch (const UsageError& error) {
    CHECK(std::string(error.what()) == "output type ocl is not supported");
    CHECK(error.hint() == "did you mean oci?");
  }
}
