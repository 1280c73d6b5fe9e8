#include "builder/export/annotations.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "builder/export/exporter.h"

using ibuild::base::UsageError;
using namespace ibuild::builder;
using ibuild::image::Annotations;
using ibuild::image::parse_platform;

TEST_CASE("annotations: attributes name place, platform and key", "[builder]") {
  const auto read = read_annotations({{"annotation.a", "1"},
                                      {"annotation-index.b.c", "2"},
                                      {"annotation-manifest-descriptor[linux/arm64].d", "3"},
                                      {"annotation[linux/x86_64].e", "4"},
                                      {"compression", "gzip"}});
  REQUIRE(read.size() == 4);
  const auto arm = parse_platform("linux/arm64");
  const auto amd = parse_platform("linux/amd64");
  CHECK(annotations_at(AnnotationPlace::manifest, arm, read) == Annotations{{"a", "1"}});
  CHECK(annotations_at(AnnotationPlace::manifest, amd, read) ==
        Annotations{{"a", "1"}, {"e", "4"}});
  CHECK(annotations_at(AnnotationPlace::manifest_descriptor, arm, read) == Annotations{{"d", "3"}});
  CHECK(annotations_at(AnnotationPlace::manifest_descriptor, amd, read).empty());
  CHECK(annotations_at(AnnotationPlace::index, amd, read) == Annotations{{"b.c", "2"}});
}

TEST_CASE("annotations: one for a platform counts more than one for all", "[builder]") {
  const auto read =
      read_annotations({{"annotation.a", "all"}, {"annotation-manifest[linux/arm64].a", "arm"}});
  CHECK(annotations_at(AnnotationPlace::manifest, parse_platform("linux/arm64"), read) ==
        Annotations{{"a", "arm"}});
}

TEST_CASE("annotations: what is none is refused", "[builder]") {
  CHECK_FALSE(names_annotation("annotation"));
  CHECK_FALSE(names_annotation("annotations.a"));
  for (const char* name : {"annotation-manifst.a", "annotation.", "annotation-index",
                           "annotation[linux/arm64.a", "annotation[].a"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(read_annotations({{name, "x"}}), ibuild::base::Error);
  }
}

TEST_CASE("annotations: of an index only where one is made, and with OCI's media types",
          "[builder]") {
  const OutputSpec index{"image", {{"annotation-index.a", "1"}}};
  CHECK_THROWS_WITH(find_exporter("image").check(index, ResultShape::image, {}),
                    Catch::Contains("image index"));
  CHECK_NOTHROW(find_exporter("image").check(index, ResultShape::index, {}));
  const OutputSpec docker{"image", {{"annotation.a", "1"}, {"oci-mediatypes", "false"}}};
  CHECK_THROWS_WITH(find_exporter("image").check(docker, ResultShape::image, {}),
                    Catch::Contains("oci-mediatypes"));
}
