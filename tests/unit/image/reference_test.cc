#include "image/reference.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild;
using namespace ibuild::image;

namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

}  // namespace

TEST_CASE("reference: short names are Docker Hub's", "[image]") {
  struct Case {
    const char* given;
    const char* full;
  };
  const auto c = GENERATE(Case{"python:3.7", "docker.io/library/python:3.7"},
                          Case{"bitnami/redis", "docker.io/bitnami/redis"},
                          Case{"docker.io/nginx", "docker.io/library/nginx"},
                          Case{"index.docker.io/nginx", "docker.io/library/nginx"},
                          Case{"index.docker.io/a/b:c", "docker.io/a/b:c"},
                          Case{"library/nginx", "docker.io/library/nginx"},
                          Case{"a/b/c/d", "docker.io/a/b/c/d"},
                          Case{"under_score/x", "docker.io/under_score/x"});
  CHECK(parse_reference(c.given).str() == c.full);
}

TEST_CASE("reference: a first part with dot, port or capital, or localhost, is a host", "[image]") {
  struct Case {
    const char* given;
    const char* domain;
    const char* path;
  };
  const auto c = GENERATE(Case{"gcr.io/project/app", "gcr.io", "project/app"},
                          Case{"localhost/app", "localhost", "app"},
                          Case{"localhost:5000/app", "localhost:5000", "app"},
                          Case{"127.0.0.1:5000/app", "127.0.0.1:5000", "app"},
                          Case{"[::1]:5000/app", "[::1]:5000", "app"},
                          Case{"[2001:db8::1]/app", "[2001:db8::1]", "app"},
                          Case{"REGISTRY/app", "REGISTRY", "app"});
  const Reference reference = parse_reference(c.given);
  CHECK(reference.domain == c.domain);
  CHECK(reference.path == c.path);
  CHECK(reference.name() == std::string(c.domain) + "/" + c.path);
}

TEST_CASE("reference: tag and digest are told apart from port and path", "[image]") {
  const Reference both = parse_reference("reg.example:5000/app:1.0@" + kDigest);
  CHECK(both.domain == "reg.example:5000");
  CHECK(both.tag == "1.0");
  CHECK(both.digest->str() == kDigest);
  CHECK(both.manifest_key() == kDigest);
  CHECK(both.str() == "reg.example:5000/app:1.0@" + kDigest);

  const Reference port_only = parse_reference("reg.example:5000/app");
  CHECK(port_only.tag.empty());
  CHECK_FALSE(port_only.has_tag_or_digest());

  const Reference number_tag = parse_reference("app:5000");
  CHECK(number_tag.path == "library/app");
  CHECK(number_tag.manifest_key() == "5000");
}

TEST_CASE("reference: names that break the grammar are refused", "[image]") {
  const std::string text = GENERATE_COPY(
      std::string(), std::string(":tag"), "@" + kDigest, std::string("/app"), std::string("a//b"),
      std::string("app/"), std::string("-app"), std::string("app-"), std::string("a..b/c"),
      std::string("a/b..c"), std::string("a/b___c"), std::string("a/b_.c"), std::string("a/.b"),
      std::string("app:"), std::string("app:-x"), std::string("app:.x"), std::string("app:a b"),
      std::string("a b"), std::string("app@sha256:abc"),
      std::string("app@md5:") + std::string(32, 'a'), "app@" + kDigest + "@" + kDigest,
      std::string("host:port/app"), std::string("[::1/app"), std::string("[fe80::1%eth0]:5000/app"),
      std::string("[::1]x/app"), std::string("[]/app"), std::string("-bad.host/app"),
      std::string("bad_host.com:80/app"), std::string("caf\xc3\xa9"),
      std::string("https://reg.example/app"), std::string(64, 'a'));
  CHECK_THROWS_AS(parse_reference(text), base::UsageError);
}

TEST_CASE("reference: parts of a path may hold single separators and any run of dashes",
          "[image]") {
  const auto text = GENERATE("a/b.c", "a/b_c", "a/b__c", "a/b-c", "a/b----c", "a/0", "a/b.c_d-e");
  CHECK(parse_reference(text).path == text);
}

TEST_CASE("reference: messages say what is wrong", "[image]") {
  CHECK_THROWS_WITH(parse_reference("My/App"),
                    "invalid image name \"My/App\": repository name must be lowercase");
  CHECK_THROWS_WITH(parse_reference("app:bad~tag"), Catch::Contains("\"bad~tag\" is not a tag"));
  CHECK_THROWS_WITH(parse_reference(std::string(64, '0')), Catch::Contains("image id"));
  CHECK_THROWS_WITH(parse_reference("bad_host.com:80/app"), Catch::Contains("host name"));
  CHECK_THROWS_WITH(parse_reference("app@sha256:1"), Catch::Contains("digest"));
}

TEST_CASE("reference: lengths are limited", "[image]") {
  CHECK_NOTHROW(parse_reference("x.io/" + std::string(255, 'a')));
  CHECK_THROWS_AS(parse_reference("x.io/" + std::string(256, 'a')), base::UsageError);
  CHECK_THROWS_AS(parse_reference(std::string(248, 'a')), base::UsageError);  // library/ counts
  CHECK_NOTHROW(parse_reference("app:" + std::string(128, 't')));
  CHECK_THROWS_AS(parse_reference("app:" + std::string(129, 't')), base::UsageError);
}

TEST_CASE("reference: the default tag is added where nothing was given", "[image]") {
  CHECK(with_default_tag(parse_reference("app")).tag == "latest");
  CHECK(with_default_tag(parse_reference("app:1")).tag == "1");
  CHECK(with_default_tag(parse_reference("app@" + kDigest)).tag.empty());
}

TEST_CASE("reference: the familiar form is what people write", "[image]") {
  struct Case {
    const char* full;
    const char* familiar;
  };
  const auto c = GENERATE(Case{"docker.io/library/python:3.7", "python:3.7"},
                          Case{"docker.io/bitnami/redis", "bitnami/redis"},
                          Case{"docker.io/library/a/b", "library/a/b"},
                          Case{"gcr.io/library/x", "gcr.io/library/x"});
  CHECK(parse_reference(c.full).familiar() == c.familiar);
}

TEST_CASE("reference: full and familiar forms read back as the same reference", "[image]") {
  const std::string text = GENERATE_COPY(
      std::string("python"), std::string("a/b:c"), "x@" + kDigest, std::string("localhost/a"),
      std::string("docker.io/localhost/a"), std::string("docker.io/foo.com/bar"),
      std::string("docker.io/docker.io/vb:1"), std::string("[::1]:5000/a/b:1"),
      "docker.io/library/" + std::string(64, 'a'), std::string("REG/x"));
  const Reference reference = parse_reference(text);
  CHECK(parse_reference(reference.str()) == reference);
  CHECK(parse_reference(reference.familiar()) == reference);
}

TEST_CASE("reference: a first part with a dot that is no host's name is part of the path",
          "[image]") {
  const Reference reference = parse_reference("a_b.c/foo:1");
  CHECK(reference.domain.empty());
  CHECK(reference.path == "a_b.c/foo");
  CHECK(reference.str() == "a_b.c/foo:1");
  CHECK(reference.familiar() == "a_b.c/foo:1");
  CHECK(parse_reference(reference.str()) == reference);
  CHECK_THROWS_AS(parse_reference("a_b.c:5000/foo"), base::UsageError);
  CHECK_THROWS_AS(parse_reference("A_b.c/foo"), base::UsageError);
}

TEST_CASE("reference: digests of all three algorithms", "[image]") {
  for (const auto& digest : {"sha256:" + std::string(64, '1'), "sha384:" + std::string(96, '1'),
                             "sha512:" + std::string(128, '1')}) {
    CHECK(parse_reference("a@" + digest).digest->str() == digest);
  }
  CHECK_THROWS_AS(parse_reference("a@sha384:" + std::string(64, '1')), base::UsageError);
}
