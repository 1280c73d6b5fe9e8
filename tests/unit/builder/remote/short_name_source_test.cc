#include "builder/remote/short_name_source.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "builder/locked_sources.h"
#include "builder/remote/registry_image_source.h"
#include "image/short_name.h"
#include "tests/unit/builder/remote/remote_fixture.h"

using namespace ibuild;
using builder::PullPolicy;
using Catch::Matchers::Contains;
using test::amd64;
using test::arm64;
using test::named;

namespace {

image::Reference short_name(const std::string& text) {
  return image::parse_reference(text, image::ShortNameRule::containers);
}

constexpr const char* kSearch = "unqualified-search-registries = ['a.example', 'b.example']\n";
constexpr const char* kAlias = "[aliases]\n'app' = 'c.example/team/app'\n";

struct NameFixture : test::RemoteFixture {
  explicit NameFixture(const std::string& toml)
      : search(registry::ShortNames(registry::RegistriesConf::parse(toml, "conf"))) {}

  std::optional<builder::BaseImage> load(const std::string& name,
                                         PullPolicy policy = PullPolicy::missing) {
    return source.try_load(short_name(name), amd64(), policy, {});
  }
  /// As if it had been built or tagged here.
  void make(const std::string& name) {
    auto origin = named("maker.example/" + std::to_string(++made));
    const auto image = registry.add_image(origin.str(), {name}, amd64());
    origin.digest = image.digest;
    inner.try_load(origin, amd64(), PullPolicy::missing, {});
    store->images().tag(named(name), image);
  }

  int made = 0;
  remote::RegistryImageSource inner{loader};
  remote::ShortNameSearch search;
  remote::ShortNameSource source{inner, search, origins};
};

std::string name_of(const std::optional<builder::BaseImage>& image) {
  return image ? image->reference.str() : "none";
}

}  // namespace

TEST_CASE("short_name_source: the alias's image, under its own name", "[remote]") {
  NameFixture f(std::string(kSearch) + kAlias);
  f.registry.add_image("c.example/team/app:1", {"c"}, amd64());
  f.registry.add_image("a.example/app:1", {"a"}, amd64());
  const auto image = f.load("app:1");
  CHECK(name_of(image) == "c.example/team/app:1");
  CHECK(image->remarks ==
        std::vector<std::string>{"resolved app:1 to c.example/team/app:1 (alias in conf)"});
  CHECK(image->layers[0].provider->repository() == "c.example/team/app");
  CHECK(f.store->images().find(named("c.example/team/app:1")));
}

TEST_CASE("short_name_source: the next registry when one does not have it", "[remote]") {
  NameFixture f(kSearch);
  f.registry.add_image("b.example/app:latest", {"b"}, amd64());
  const auto image = f.load("app");
  CHECK(name_of(image) == "b.example/app:latest");
  CHECK(image->remarks == std::vector<std::string>{"resolved app:latest to b.example/app:latest "
                                                   "(unqualified-search-registries in conf)",
                                                   "a.example/app:latest: not found"});
}

TEST_CASE("short_name_source: one that fails is passed over, and told", "[remote]") {
  NameFixture f(kSearch);
  const auto other = f.registry.add_image("a.example/app", {"x"}, arm64());
  f.registry.add_index("a.example/app:1", {other});
  f.registry.add_image("b.example/app:1", {"b"}, amd64());
  const auto image = f.load("app:1");
  CHECK(name_of(image) == "b.example/app:1");
  REQUIRE(image->remarks.size() == 2);
  CHECK_THAT(image->remarks[1], Contains("a.example/app:1: ") && Contains("linux/arm64"));
}

TEST_CASE("short_name_source: an image that nobody has names all candidates", "[remote]") {
  NameFixture several(kSearch);
  CHECK_THROWS_WITH(several.load("app:1"),
                    "no registry has app:1 (unqualified-search-registries in conf): "
                    "a.example/app:1: not found; b.example/app:1: not found");
  NameFixture alias(kAlias);
  CHECK_THROWS_WITH(alias.load("app:1"),
                    "no registry has app:1 (alias in conf): c.example/team/app:1: not found");
  NameFixture nothing("");
  CHECK_THROWS_AS(nothing.load("app:1"), base::UsageError);
}

TEST_CASE("short_name_source: names with a registry go on as they are", "[remote]") {
  NameFixture f("short-name-mode = 'enforcing'\n");
  f.registry.add_image("a.example/app:1", {"a"}, amd64());
  const auto image = f.source.try_load(named("a.example/app:1"), amd64(), PullPolicy::missing, {});
  CHECK(name_of(image) == "a.example/app:1");
  CHECK(image->remarks.empty());
}

TEST_CASE("short_name_source: what the store has is taken first, unless `always`", "[remote]") {
  NameFixture f(kSearch);
  f.registry.add_image("b.example/app:1", {"b"}, amd64());
  CHECK(name_of(f.load("app:1")) == "b.example/app:1");
  f.registry.add_image("a.example/app:1", {"a"}, amd64());
  const auto before = f.registry.requests("").size();
  const auto image = f.load("app:1");
  CHECK(name_of(image) == "b.example/app:1");
  CHECK(image->remarks ==
        std::vector<std::string>{"resolved app:1 to b.example/app:1 (in the store)"});
  CHECK(f.registry.requests("").size() == before);
  CHECK(name_of(f.load("app:1", PullPolicy::always)) == "a.example/app:1");
}

TEST_CASE("short_name_source: `never` asks nobody, and needs no demand to be met", "[remote]") {
  NameFixture f("short-name-mode = 'enforcing'\n" + std::string(kSearch));
  CHECK_FALSE(f.load("app:1", PullPolicy::never));
  f.make("b.example/app:1");
  const auto before = f.registry.requests("").size();
  CHECK(name_of(f.load("app:1", PullPolicy::never)) == "b.example/app:1");
  CHECK(f.registry.requests("").size() == before);
}

TEST_CASE("short_name_source: what was made here is found by the name it was given", "[remote]") {
  NameFixture f(std::string(kSearch) + kAlias);
  f.make("app:1");
  CHECK(name_of(f.load("app:1")) == "docker.io/library/app:1");
  f.make("localhost/app:1");
  CHECK(name_of(f.load("app:1")) == "localhost/app:1");
  f.make("c.example/team/app:1");
  CHECK(name_of(f.load("app:1")) == "c.example/team/app:1");
}

TEST_CASE("short_name_source: an image of Docker Hub does not stand in for another registry's",
          "[remote]") {
  NameFixture f(kSearch);
  f.registry.add_image("docker.io/library/app:1", {"hub"}, amd64());
  f.inner.try_load(named("app:1"), amd64(), PullPolicy::missing, {});
  REQUIRE(f.store->images().find(named("app:1")));
  CHECK_FALSE(f.load("app:1", PullPolicy::never));
  f.registry.add_image("b.example/app:1", {"b"}, amd64());
  CHECK(name_of(f.load("app:1")) == "b.example/app:1");

  NameFixture hub("unqualified-search-registries = ['docker.io']\n");
  hub.registry.add_image("docker.io/library/app:1", {"hub"}, amd64());
  hub.inner.try_load(named("app:1"), amd64(), PullPolicy::missing, {});
  CHECK(name_of(hub.load("app:1", PullPolicy::never)) == "docker.io/library/app:1");
}

TEST_CASE("short_name_source: images of searched registries do not count beside an alias",
          "[remote]") {
  NameFixture f(std::string(kSearch) + kAlias);
  f.make("a.example/app:1");
  CHECK_FALSE(f.load("app:1", PullPolicy::never));
}

TEST_CASE("short_name_source: a digest has nothing to do with names of this machine", "[remote]") {
  NameFixture f(kAlias);
  const auto manifest = f.registry.add_image("c.example/team/app:1", {"c"}, amd64());
  const auto name = "app:1@" + manifest.digest.str();
  CHECK(name_of(f.load(name)) == "c.example/team/app:1@" + manifest.digest.str());
  CHECK(name_of(f.load(name, PullPolicy::never)) ==
        "c.example/team/app:1@" + manifest.digest.str());
}

TEST_CASE("short_name_source: a lock has the names that were found", "[remote]") {
  NameFixture f(kSearch);
  f.registry.add_image("b.example/app:1", {"b"}, amd64());
  const auto top_of = [&](const image::Reference& reference) {
    const auto top = f.loader.find_stored(reference);
    return top ? std::optional(top->digest) : std::nullopt;
  };
  const auto load = [&](builder::SourceLock& lock, PullPolicy policy) {
    builder::LockedImageSource locked(f.inner, lock, top_of);
    remote::ShortNameSource source(locked, f.search, f.origins);
    return source.try_load(short_name("app:1"), amd64(), policy, {});
  };
  builder::SourceLock written;
  const auto first = load(written, PullPolicy::always);
  CHECK_THAT(written.to_json(), Contains("\"b.example/app:1\": \"sha256:"));
  CHECK_THAT(written.to_json(), !Contains("a.example"));

  // Another registry of the list has it as well now; the lock has not.
  f.registry.add_image("a.example/app:1", {"a"}, amd64());
  builder::SourceLock binding(written.to_json(), "ibuild.lock");
  for (const auto policy : {PullPolicy::missing, PullPolicy::always}) {
    const auto again = load(binding, policy);
    REQUIRE(again);
    CHECK(again->digest == first->digest);
    CHECK(again->reference.name() == "b.example/app");
  }
  builder::SourceLock empty(R"({"version": 1})", "ibuild.lock");
  CHECK_THROWS_WITH(load(empty, PullPolicy::missing),
                    Contains("b.example/app:1 is not in ibuild.lock"));
}

TEST_CASE("short_name_search: a lone candidate is not asked about", "[remote]") {
  NameFixture f(kAlias);
  auto& client = f.registry.client().client();
  const auto found = f.search.find_image(short_name("app:1"), client, {});
  CHECK(found.reference.str() == "c.example/team/app:1");
  CHECK(f.registry.requests("").empty());
  CHECK(f.search.find_image(named("docker.io/x:1"), client, {}).remarks.empty());
}

TEST_CASE("short_name_search: several are asked in turn", "[remote]") {
  NameFixture f(kSearch);
  f.registry.add_image("b.example/app:1", {"b"}, amd64());
  auto& client = f.registry.client().client();
  CHECK(f.search.find_image(short_name("app:1"), client, {}).reference.str() == "b.example/app:1");
  CHECK(f.registry.requests("") ==
        std::vector<std::string>{"HEAD a.example/app:1", "HEAD b.example/app:1"});
  CHECK_THROWS_WITH(f.search.find_image(short_name("none:1"), client, {}),
                    Contains("b.example/none:1: not found"));
}
