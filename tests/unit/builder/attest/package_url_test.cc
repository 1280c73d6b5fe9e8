#include "builder/attest/package_url.h"

#include <catch2/catch.hpp>

using namespace ibuild;
using builder::image_package_url;
using builder::PackageUrl;

namespace {

std::string of_image(const std::string& name, const std::string& platform = "linux/amd64") {
  return image_package_url("docker", image::parse_reference(name), image::parse_platform(platform));
}

}  // namespace

TEST_CASE("package_url: parts are encoded, qualifiers sorted, empty ones left out", "[attest]") {
  const PackageUrl deb{.type = "deb",
                       .name_space = "debian",
                       .name = "libstdc++6",
                       .version = "1:12.2.0-14+deb12u1~x",
                       .qualifiers = {{"distro", "debian-12"}, {"arch", "amd64"}, {"none", ""}}};
  CHECK(deb.str() ==
        "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14%2Bdeb12u1~x?arch=amd64&distro=debian-12");
  const PackageUrl npm{.type = "npm", .name_space = "@types", .name = "node", .version = "1.0.0"};
  CHECK(npm.str() == "pkg:npm/%40types/node@1.0.0");
  const PackageUrl golang{.type = "golang",
                          .name_space = "/google.golang.org//x/",
                          .name = "genproto",
                          .subpath = "a b/c"};
  CHECK(golang.str() == "pkg:golang/google.golang.org/x/genproto#a%20b/c");
  const PackageUrl odd{.type = "generic", .name = "n\xc3\xa4me %?#@/x"};
  CHECK(odd.str() == "pkg:generic/n%C3%A4me%20%25%3F%23%40%2Fx");
}

TEST_CASE("package_url: images by the names that people write", "[attest]") {
  CHECK(of_image("docker.io/library/alpine:3.15") ==
        "pkg:docker/alpine@3.15?platform=linux%2Famd64");
  CHECK(of_image("user/test:v2") == "pkg:docker/user/test@v2?platform=linux%2Famd64");
  CHECK(of_image("ghcr.io/foo/bar:v2", "linux/arm/v7") ==
        "pkg:docker/ghcr.io/foo/bar@v2?platform=linux%2Farm%2Fv7");
  CHECK(of_image("localhost:5000/app:1") ==
        "pkg:docker/localhost:5000/app@1?platform=linux%2Famd64");
  const std::string digest = "sha256:" + std::string(64, 'a');
  CHECK(of_image("busybox@" + digest) ==
        "pkg:docker/busybox?digest=" + digest + "&platform=linux%2Famd64");
}
