#include "image/oci_layout.h"

#include <catch2/catch.hpp>

#include "base/error.h"

namespace ibuild::image {

TEST_CASE("oci_layout: version 1 is accepted, with whatever else is there", "[image]") {
  CHECK_NOTHROW(check_oci_layout(kOciLayoutJson));
  CHECK_NOTHROW(check_oci_layout("{\"imageLayoutVersion\": \"1.1.0\", \"more\": [1]}\n"));
}

TEST_CASE("oci_layout: other versions and other content are refused", "[image]") {
  for (const std::string_view bad :
       {"", "{}", "[]", R"({"imageLayoutVersion":"2.0.0"})", R"({"imageLayoutVersion":1})"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(check_oci_layout(bad), base::ContentError);
  }
}

}  // namespace ibuild::image
