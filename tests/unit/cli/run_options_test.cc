#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>

#include "base/error.h"
#include "base/stream.h"
#include "builder/tree/source_tree.h"
#include "cli/container_spec.h"
#include "cli/options_run.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using base::UsageError;

namespace {

/// An image without any file.
class NoFiles : public builder::SourceTree {
 public:
  std::optional<builder::SourceFile> lookup(const base::RelPath&) const override {
    return std::nullopt;
  }
  std::vector<builder::SourceFile> children(const base::RelPath&) const override { return {}; }
  void digest_files(std::span<builder::SourceFile*>, std::stop_token) const override {}
  std::unique_ptr<base::ByteSource> open(const builder::SourceFile&) const override {
    throw base::Error("there are no files");
  }
  std::string shown_as() const override { return "nothing"; }
};

cli::ContainerSpec spec_of(const cli::RunOptions& options, const image::RuntimeConfig& config) {
  const NoFiles files;
  const builder::UserLookup users(files);
  auto container = cli::prepare_container(options);
  cli::take_image(options, config, users, container);
  return container;
}

cli::RunOptions options_with(std::vector<std::string> command) {
  cli::RunOptions options;
  options.command = std::move(command);
  return options;
}

image::RuntimeConfig config_with(std::vector<std::string> entrypoint,
                                 std::vector<std::string> cmd) {
  image::RuntimeConfig config;
  if (!entrypoint.empty()) config.entrypoint = entrypoint;
  if (!cmd.empty()) config.cmd = cmd;
  return config;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("run_options: equal ports are what the host's network gives", "[cli]") {
  CHECK_NOTHROW(cli::check_published_port("8000:8000"));
  CHECK_NOTHROW(cli::check_published_port("53:53/udp"));
}

TEST_CASE("run_options: other ports are refused with the reason", "[cli]") {
  CHECK_THROWS_WITH(cli::check_published_port("80:8000"), Catch::Contains("must be equal"));
  for (const char* text :
       {"8000", "127.0.0.1:80:80", "0:0", "80:80/sctp", "a:b", "99999:99999", "80:"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(cli::check_published_port(text), UsageError);
  }
}

TEST_CASE("run_options: security options are of the container's process", "[cli]") {
  auto options = options_with({"image", "cmd"});
  options.security.options = {"no-new-privileges", "apparmor=unconfined"};
  CHECK(spec_of(options, {}).spec.no_new_privileges);
  options.security.options = {"seccomp=unconfined"};
  CHECK_THROWS_WITH(spec_of(options, {}), Catch::Contains("seccomp"));
}

TEST_CASE("run_options: volumes", "[cli]") {
  const auto volume = cli::parse_volume("/data:/srv:ro");
  CHECK(volume.source == "/data");
  CHECK(volume.target == "/srv");
  CHECK(volume.read_only);
  CHECK_FALSE(cli::parse_volume("./x:/srv").read_only);
  for (const char* text : {"/data", "named:/srv", "/data:srv", "/a:/b:z", "/a:/b:ro:x"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(cli::parse_volume(text), UsageError);
  }
}

TEST_CASE("run_options: combinations that cannot be are refused", "[cli]") {
  auto options = options_with({"app"});
  options.network = "none";
  CHECK_NOTHROW(options.check());
  options.ports = {"80:80"};
  CHECK_THROWS_AS(options.check(), UsageError);
  options = options_with({"app"});
  options.working_dir = "relative";
  CHECK_THROWS_AS(options.check(), UsageError);
  options = options_with({"app"});
  options.pull = "sometimes";
  CHECK_THROWS_AS(options.check(), UsageError);
}

TEST_CASE("container_spec: entry point and command by docker's rules", "[cli]") {
  const auto config = config_with({"/entry"}, {"default"});
  CHECK(cli::container_command(options_with({"app"}), config) == Words{"/entry", "default"});
  CHECK(cli::container_command(options_with({"app", "a", "b"}), config) ==
        Words{"/entry", "a", "b"});
  auto other = options_with({"app"});
  other.entrypoint = "sh";
  CHECK(cli::container_command(other, config) == Words{"sh"});
  other.command = {"app", "-c", "ls"};
  CHECK(cli::container_command(other, config) == Words{"sh", "-c", "ls"});
  other.entrypoint = "";
  CHECK(cli::container_command(other, config) == Words{"-c", "ls"});
}

TEST_CASE("container_spec: nothing to run is an error", "[cli]") {
  CHECK_THROWS_AS(cli::container_command(options_with({"app"}), config_with({}, {})), UsageError);
}

TEST_CASE("container_spec: the environment of the image, then that of the command line", "[cli]") {
  auto config = config_with({}, {"x"});
  config.env = {"A=1", "B=2"};
  auto options = options_with({"app"});
  options.env = {"B=3", "C=4", "IBUILD_TEST_UNSET"};
  const auto env = spec_of(options, config).spec.env;
  CHECK(env ==
        Words{"A=1", "B=3", "PATH=" + std::string(image::kDefaultPath), "HOME=/root", "C=4"});
}

TEST_CASE("container_spec: the image's user and working directory unless others are given",
          "[cli]") {
  auto config = config_with({}, {"x"});
  config.user = "1000:1000";
  config.working_dir = "/srv";
  const auto own = spec_of(options_with({"app"}), config).spec;
  CHECK(own.uid == 1000);
  CHECK(own.working_dir == "/srv");
  auto options = options_with({"app"});
  options.user = "5:6";
  options.working_dir = "/tmp";
  const auto given = spec_of(options, config).spec;
  CHECK(given.uid == 5);
  CHECK(given.gid == 6);
  CHECK(given.working_dir == "/tmp");
}

TEST_CASE("container_spec: a volume is opened, one that is not there is an error", "[cli]") {
  const auto dir = test::make_scratch_dir();
  auto options = options_with({"app"});
  options.volumes = {dir.host_path() + ":/data/../srv:ro"};
  const auto container = spec_of(options, config_with({}, {"x"}));
  REQUIRE(container.spec.mounts.size() == 1);
  CHECK(container.spec.mounts[0].target.str() == "srv");
  CHECK(container.spec.mounts[0].read_only);
  CHECK(container.spec.mounts[0].source_is_directory);
  options.volumes = {dir.host_path() + "/missing:/srv"};
  CHECK_THROWS_AS(spec_of(options, config_with({}, {"x"})), base::SystemError);
}

TEST_CASE("container_spec: without a network nothing of the host is looked up", "[cli]") {
  auto options = options_with({"app"});
  options.network = "none";
  options.hostname = "box";
  options.add_hosts = {"db:10.0.0.1"};
  const auto spec = spec_of(options, config_with({}, {"x"})).spec;
  CHECK(spec.network == sandbox::NetworkMode::none);
  CHECK_THAT(spec.hosts, Catch::Contains("box") && Catch::Contains("10.0.0.1"));
}

TEST_CASE("run_options: -- before the image ends the options", "[cli]") {
  const auto command_of_words = [](const Words& words) {
    cli::OptionParser parser("ibuild run", "");
    cli::RunOptions options;
    options.add_to(parser);
    std::ostringstream out;
    (void)parser.parse(words, out);
    return options.command;
  };
  CHECK(command_of_words({"--", "image", "cmd", "-x"}) == Words{"image", "cmd", "-x"});
  CHECK(command_of_words({"-e", "A=1", "--", "image", "--help"}) == Words{"image", "--help"});
  CHECK(command_of_words({"image", "--", "x"}) == Words{"image", "--", "x"});
  CHECK(command_of_words({"--", "image", "--", "x"}) == Words{"image", "--", "x"});
  CHECK_THROWS_AS(command_of_words({"--"}), UsageError);
}

TEST_CASE("run_options: values are looked at before there is an image", "[cli]") {
  const auto refuse = [](const auto& change) {
    auto options = options_with({"image"});
    change(options);
    CHECK_THROWS_AS(cli::prepare_container(options), UsageError);
  };
  refuse([](auto& options) { options.resources.memory = "1k"; });
  refuse([](auto& options) { options.resources.resources = {"memori=2g"}; });
  refuse([](auto& options) { options.security.options = {"nonsense"}; });
  refuse([](auto& options) { options.devices = {"null"}; });
  refuse([](auto& options) { options.ulimits = {"nofile"}; });
  refuse([](auto& options) { options.shm_size = "much"; });
  refuse([](auto& options) { options.volumes = {"relative"}; });
  refuse([](auto& options) { options.env = {"=value"}; });
  for (const std::string user : {"4294967295", "1:99999999999999999999", "a:b:c"})
    refuse([&](auto& options) { options.user = user; });
  auto options = options_with({"image"});
  options.user = "alice:4294967294";
  CHECK_NOTHROW(cli::prepare_container(options));
  options.devices = {"/no/such/device"};
  CHECK_THROWS_AS(cli::prepare_container(options), base::SystemError);
  options.devices.clear();
  options.volumes = {"/no/such/directory:/data"};
  CHECK_THROWS_AS(cli::prepare_container(options), base::SystemError);
}
