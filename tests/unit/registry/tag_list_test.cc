#include "registry/tag_list.h"

#include <catch2/catch.hpp>

#include "registry/page_link.h"
#include "tests/unit/registry/fake_transport.h"

using namespace ibuild::registry;
using namespace ibuild::test;
namespace base = ibuild::base;

namespace {

using Lines = std::vector<std::string>;

FakeAnswer page(const std::string& tags, const std::string& link = {}) {
  FakeAnswer answer{200, {{"Content-Type", "application/json"}}, R"({"tags":)" + tags + "}"};
  if (!link.empty()) answer.headers.add("Link", link);
  return answer;
}

ibuild::image::Reference by_digest(const std::string& digest) {
  auto result = reference("r.io", "a/b", "");
  result.digest = base::Digest::parse(digest);
  return result;
}

}  // namespace

TEST_CASE("tag_list: pages are followed by their links, tags come sorted", "[registry]") {
  FakeNetwork net([](const SeenRequest& request) {
    if (request.url.ends_with("?n=1000")) {
      return page(R"(["b","a"])", R"(</v2/a/b/tags/list?n=1000&last=b>; rel="next")");
    }
    return page(R"(["c"])");
  });
  CHECK(net.client->list_tags(reference("r.io", "a/b")) == Lines{"a", "b", "c"});
  CHECK(net.log->lines() == Lines{"GET https://r.io/v2/a/b/tags/list?n=1000",
                                  "GET https://r.io/v2/a/b/tags/list?n=1000&last=b"});
}

TEST_CASE("tag_list: a link to another host is asked of the registry itself", "[registry]") {
  FakeNetwork net([](const SeenRequest& request) {
    if (request.url.ends_with("?n=1000")) {
      return page(R"(["a"])", R"(<http://inner:5000/v2/a/b/tags/list?last=a>; rel=next)");
    }
    return page(R"(["b"])");
  });
  CHECK(net.client->list_tags(reference("r.io", "a/b")) == Lines{"a", "b"});
  CHECK(net.log->lines()[1] == "GET https://r.io/v2/a/b/tags/list?last=a");
}

TEST_CASE("tag_list: links in a circle end", "[registry]") {
  FakeNetwork net([](const SeenRequest&) {
    return page(R"(["a"])", R"(</v2/a/b/tags/list?n=1000>; rel="next")");
  });
  CHECK(net.client->list_tags(reference("r.io", "a/b")) == Lines{"a"});
  CHECK(net.log->requests.size() == 1);
}

TEST_CASE("tag_list: no tags are none; other answers are errors", "[registry]") {
  FakeNetwork none([](const SeenRequest&) { return page("null"); });
  CHECK(none.client->list_tags(reference("r.io", "a/b")).empty());
  for (const FakeAnswer& answer : {FakeAnswer{200, {}, "<html>"}, FakeAnswer{200, {}, "[]"},
                                   FakeAnswer{404}, page("[]", R"(</login>; rel="next")")}) {
    FakeNetwork net([&](const SeenRequest&) { return answer; });
    CHECK_THROWS_AS(net.client->list_tags(reference("r.io", "a/b")), RegistryError);
  }
}

TEST_CASE("tag_list: a page that fails is asked for again", "[registry]") {
  int count = 0;
  FakeNetwork net(
      [&](const SeenRequest&) { return ++count == 1 ? FakeAnswer{503} : page(R"(["a"])"); });
  CHECK(net.client->list_tags(reference("r.io", "a/b")) == Lines{"a"});
}

TEST_CASE("tag_list: the repositories of a registry, page by page", "[registry]") {
  FakeNetwork net([](const SeenRequest& request) {
    FakeAnswer answer{200, {}, R"({"repositories":["b/c","a"]})"};
    if (request.url.find("last=") == std::string::npos)
      answer.headers.add("Link", R"(</v2/_catalog?last=b%2Fc&n=1000>; rel="next")");
    return answer;
  });
  CHECK(net.client->list_repositories("r.io") == Lines{"a", "b/c"});
  CHECK(net.log->lines() == Lines{"GET https://r.io/v2/_catalog?n=1000",
                                  "GET https://r.io/v2/_catalog?last=b%2Fc&n=1000"});
  FakeNetwork none([](const SeenRequest&) { return FakeAnswer{404}; });
  CHECK_THROWS_AS(none.client->list_repositories("docker.io"), RegistryError);
}

TEST_CASE("tag_list: Link fields", "[registry]") {
  CHECK(next_link(R"(</x>; rel="next")") == "/x");
  CHECK(next_link(R"(</p>; rel="prev", </n?a=b,c>; rel="next")") == "/n?a=b,c");
  CHECK(next_link(R"(</p>; rel="prev")").empty());
  CHECK(next_link("</x").empty());
  CHECK(next_link("").empty());
}

TEST_CASE("delete_manifest: by digest and by tag", "[registry]") {
  const std::string digest = base::sha256_of("x").str();
  FakeNetwork net([](const SeenRequest&) { return FakeAnswer{202}; });
  CHECK(net.client->delete_manifest(by_digest(digest)) == DeleteOutcome::deleted);
  CHECK(net.client->delete_manifest(reference("r.io", "a/b", "1")) == DeleteOutcome::deleted);
  // Of a manifest it matters what it refers to.
  CHECK(net.log->lines() == Lines{"GET https://r.io/v2/a/b/manifests/" + digest,
                                  "DELETE https://r.io/v2/a/b/manifests/" + digest,
                                  "DELETE https://r.io/v2/a/b/manifests/1"});
}

TEST_CASE("delete_manifest: what is not there, and registries that do not delete", "[registry]") {
  const auto outcome = [](int status, const ibuild::image::Reference& what) {
    FakeNetwork net([&](const SeenRequest&) { return FakeAnswer{status}; });
    return net.client->delete_manifest(what);
  };
  const auto digest = by_digest(base::sha256_of("x").str());
  CHECK(outcome(404, digest) == DeleteOutcome::not_there);
  CHECK(outcome(405, digest) == DeleteOutcome::not_served);
  CHECK(outcome(400, reference("r.io", "a/b")) == DeleteOutcome::not_served);
  CHECK_THROWS_AS(outcome(400, digest), RegistryError);
  CHECK_THROWS_AS(outcome(403, digest), RegistryError);
}
