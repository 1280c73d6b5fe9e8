#include "image/rebase.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild;
using image::HistoryEntry;
using image::ImageConfig;
using image::RebasePart;
using Words = std::vector<std::string>;

namespace {

/// Adds a layer with this content, and its history.
void add_layer(ImageConfig& config, const std::string& content) {
  config.diff_ids.push_back(base::sha256_of(content));
  config.history.push_back({.created = "2024-01-01T00:00:00Z",
                            .created_by = "COPY " + content,
                            .author = {},
                            .comment = {},
                            .empty_layer = false});
}

ImageConfig base_of(const Words& layers) {
  ImageConfig config;
  config.platform = image::parse_platform("linux/amd64");
  for (const auto& layer : layers) add_layer(config, layer);
  config.history.push_back({.created = "2024-01-01T00:00:00Z",
                            .created_by = "CMD [\"sh\"]",
                            .author = {},
                            .comment = {},
                            .empty_layer = true});
  config.config.cmd = {{"sh"}};
  config.config.env = {"PATH=/bin", "LANG=C"};
  return config;
}

/// An image on an old base of two layers, and a new base of one.
struct Trio {
  RebasePart old_base{"old", base_of({"a", "b"})};
  RebasePart new_base{"new", base_of({"c"})};
  RebasePart app{"app", old_base.config};

  Trio() { add_layer(app.config, "own"); }
  image::RebasedConfig rebase() const { return image::rebase_config(app, old_base, new_base); }
  image::RuntimeConfig runtime() const { return rebase().config.config; }
  void refuses(const std::string& part) const {
    CHECK_THROWS_WITH(rebase(), Catch::Contains("not sure") && Catch::Contains(part));
  }
};

}  // namespace

TEST_CASE("rebase: own layers and history go on top of the new base's", "[image]") {
  Trio trio;
  trio.app.config.created = "2024-02-01T00:00:00Z";
  trio.new_base.config.created = "2024-03-01T01:00:00+01:00";
  const auto config = trio.rebase().config;
  CHECK(config.diff_ids == std::vector{base::sha256_of("c"), base::sha256_of("own")});
  REQUIRE(config.history.size() == 3);
  CHECK(config.history[0] == trio.new_base.config.history[0]);
  CHECK(config.history[1] == trio.new_base.config.history[1]);
  CHECK(config.history[2] == trio.app.config.history.back());
  CHECK(config.created == "2024-03-01T01:00:00+01:00");
  CHECK(trio.rebase().kept.empty());
}

TEST_CASE("rebase: onto the old base itself changes nothing", "[image]") {
  Trio trio;
  trio.app.config.config.set_env("PATH", "/app:/bin");
  trio.app.config.config.labels = {{"own", "1"}};
  trio.app.config.config.entrypoint = {{"/app"}};
  trio.app.config.config.cmd.reset();
  trio.new_base = trio.old_base;
  CHECK(trio.rebase().config == trio.app.config);
  CHECK(trio.rebase().kept.empty());
}

TEST_CASE("rebase: what the old base gave is the new base's, the rest stays", "[image]") {
  Trio trio;
  auto& before = trio.old_base.config.config;
  auto& now = trio.new_base.config.config;
  auto& own = trio.app.config.config;
  before.labels = {{"version", "1"}, {"gone", "x"}, {"both", "1"}};
  own.labels = {{"version", "1"}, {"gone", "x"}, {"both", "mine"}, {"own", "y"}};
  now.labels = {{"version", "2"}, {"both", "2"}, {"fresh", "z"}};
  before.env = {"PATH=/bin", "LANG=C", "OLD=1"};
  own.env = {"PATH=/app:/bin", "LANG=C", "OLD=1", "OWN=1"};
  now.env = {"NEW=1", "LANG=C.UTF-8", "PATH=/usr/bin:/bin"};
  before.exposed_ports = own.exposed_ports = {"80/tcp"};
  own.exposed_ports.insert("81/tcp");
  now.exposed_ports = {"82/tcp"};
  own.volumes = {"/data"};
  now.volumes = {"/cache"};
  before.user = own.user = "1";
  now.user = "2";
  own.working_dir = "/app";
  now.working_dir = "/";
  now.stop_signal = "SIGINT";
  now.healthcheck = image::Healthcheck{.test = {"NONE"}};

  const auto result = trio.rebase();
  const auto& merged = result.config.config;
  CHECK(merged.labels == std::map<std::string, std::string>{
                             {"version", "2"}, {"both", "mine"}, {"own", "y"}, {"fresh", "z"}});
  CHECK(merged.env == Words{"NEW=1", "LANG=C.UTF-8", "PATH=/app:/bin", "OWN=1"});
  CHECK(merged.exposed_ports == std::set<std::string>{"81/tcp", "82/tcp"});
  CHECK(merged.volumes == std::set<std::string>{"/cache", "/data"});
  CHECK(merged.user == "2");
  CHECK(merged.working_dir == "/app");
  CHECK(merged.stop_signal == "SIGINT");
  CHECK(merged.healthcheck == now.healthcheck);
  CHECK(result.kept == Words{"env PATH", "working directory", "label both"});
}

TEST_CASE("rebase: an entrypoint of the image's own keeps the base's command away", "[image]") {
  Trio trio;
  trio.new_base.config.config.cmd = {{"bash"}};
  CHECK(trio.runtime().cmd == Words{"bash"});

  trio.app.config.config.entrypoint = {{"/app"}};
  trio.app.config.config.cmd.reset();
  trio.old_base.config.config.cmd.reset();
  CHECK(trio.runtime().entrypoint == Words{"/app"});
  CHECK_FALSE(trio.runtime().cmd);

  trio.app.config.config.entrypoint.reset();
  trio.app.config.config.cmd = {{"own"}};
  trio.new_base.config.config.entrypoint = {{"/entry"}};
  CHECK(trio.runtime().entrypoint == Words{"/entry"});
  CHECK(trio.runtime().cmd == Words{"own"});
}

TEST_CASE("rebase: triggers of the image stay, others of the new base are refused", "[image]") {
  Trio trio;
  trio.app.config.config.on_build = {"RUN own"};
  trio.old_base.config.config.on_build = trio.new_base.config.config.on_build = {"RUN base"};
  CHECK(trio.runtime().on_build == Words{"RUN own"});
  trio.new_base.config.config.on_build = {"RUN other"};
  trio.refuses("ONBUILD");
}

TEST_CASE("rebase: an image on another base is refused", "[image]") {
  Trio trio;
  SECTION("other layers") {
    trio.old_base.config.diff_ids[1] = base::sha256_of("x");
    trio.refuses("layer 2 is " + base::sha256_of("b").str());
  }
  SECTION("more layers than the image") {
    add_layer(trio.old_base.config, "own");
    add_layer(trio.old_base.config, "more");
    trio.refuses("it has 3 layers, that one 4");
  }
  SECTION("other history") {
    trio.old_base.config.history[0].created_by = "COPY x";
    trio.refuses("history differs from entry 1 on");
  }
  SECTION("more history than the image") {
    trio.app.config.history.clear();
    trio.app.config.diff_ids = trio.old_base.config.diff_ids;
    for (int i = 0; i < 2; ++i) trio.app.config.history.push_back(trio.old_base.config.history[i]);
    trio.refuses("history differs from entry 3 on");
  }
  SECTION("no layers") {
    trio.old_base.config.diff_ids.clear();
    trio.old_base.config.history.clear();
    trio.refuses("old has no layers");
  }
}

TEST_CASE("rebase: a history that does not count the layers is refused", "[image]") {
  RebasePart Trio::*const parts[] = {&Trio::app, &Trio::old_base, &Trio::new_base};
  for (const auto part : parts) {
    Trio spoiled;
    (spoiled.*part).config.history.clear();
    spoiled.refuses("the history of " + (spoiled.*part).name);
  }
}

TEST_CASE("rebase: platforms must agree", "[image]") {
  Trio trio;
  trio.new_base.config.platform = image::parse_platform("linux/arm64");
  trio.refuses("new for linux/arm64");
  trio.new_base.config.platform = {"linux", "x86_64"};
  CHECK_NOTHROW(trio.rebase());
  trio.old_base.config.platform = image::parse_platform("linux/386");
  trio.refuses("old for linux/386");
}

TEST_CASE("rebase: times of the history may be written in another form", "[image]") {
  Trio trio;
  trio.app.config.history[0].created = "2024-01-01T01:00:00+01:00";
  CHECK_NOTHROW(trio.rebase());
  trio.app.config.history[0].created = "2024-01-01T01:00:01+01:00";
  trio.refuses("history differs from entry 1 on");
}
