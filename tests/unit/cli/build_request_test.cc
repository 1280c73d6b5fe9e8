#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>

#include "base/error.h"
#include "cli/options_build.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using base::UsageError;

namespace {

/// An environment variable for the time of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

builder::BuildRequest request_of(std::vector<std::string> words) {
  cli::OptionParser parser("ibuild build", "");
  cli::BuildOptions options;
  options.add_to(parser);
  std::ostringstream out;
  (void)parser.parse(words, out);
  return cli::make_build_request(options);
}

}  // namespace

TEST_CASE("build_request: without options", "[cli]") {
  const auto request = request_of({"."});
  CHECK(request.outputs.empty());
  CHECK(request.tags.empty());
  CHECK(request.platforms.empty());
  CHECK(request.pull == builder::PullPolicy::missing);
  CHECK(request.network == "default");
}

TEST_CASE("build_request: tags are completed", "[cli]") {
  const auto request = request_of({"-t", "app", "-t", "h.example/x:2", "."});
  REQUIRE(request.tags.size() == 2);
  CHECK(request.tags[0].str() == "docker.io/library/app:latest");
  CHECK(request.tags[1].str() == "h.example/x:2");
  CHECK_THROWS_AS(request_of({"-t", "UPPER", "."}), UsageError);
  CHECK_THROWS_AS(request_of({"-t", "app@sha256:" + std::string(64, 'a'), "."}), UsageError);
}

TEST_CASE("build_request: build arguments by value and from the environment", "[cli]") {
  const Variable given("IBUILD_TEST_GIVEN", "from outside");
  const auto request =
      request_of({"--build-arg", "A=1", "--build-arg", "B=", "--build-arg", "IBUILD_TEST_GIVEN",
                  "--build-arg", "IBUILD_TEST_MISSING", "--build-arg", "URL=a=b", "."});
  CHECK(request.build_args.at("A") == "1");
  CHECK(request.build_args.at("B") == "");
  CHECK(request.build_args.at("IBUILD_TEST_GIVEN") == "from outside");
  CHECK(request.build_args.at("URL") == "a=b");
  CHECK_FALSE(request.build_args.contains("IBUILD_TEST_MISSING"));
  CHECK_THROWS_AS(request_of({"--build-arg", "=x", "."}), UsageError);
}

TEST_CASE("build_request: build arguments from files, which --build-arg overrides", "[cli]") {
  const auto dir = test::make_scratch_dir();
  const auto write = [&](std::string_view text) {
    base::write_file_atomically(dir.dir(), base::RelPath::exact("args"), text);
  };
  write("# comment\nA=1\n\nB=x y=z\r\nIBUILD_TEST_GIVEN\nIBUILD_TEST_MISSING");
  const Variable given("IBUILD_TEST_GIVEN", "from outside");
  const auto file = dir.host_path() + "/args";
  const auto arguments =
      request_of({"--build-arg", "A=2", "--build-arg-file", file, "."}).build_args;
  CHECK(arguments == std::map<std::string, std::optional<std::string>>{
                         {"A", "2"}, {"B", "x y=z"}, {"IBUILD_TEST_GIVEN", "from outside"}});
  write("=1\n");
  CHECK_THROWS_WITH(request_of({"--build-arg-file", file, "."}), Catch::Contains(file));
  CHECK_THROWS_WITH(request_of({"--build-arg-file", dir.host_path() + "/none", "."}),
                    Catch::Contains("/none"));
}

TEST_CASE("build_request: labels in their order", "[cli]") {
  const auto request = request_of({"--label", "b=1", "--label", "a", "."});
  CHECK(request.labels == std::vector<std::pair<std::string, std::string>>{{"b", "1"}, {"a", ""}});
}

TEST_CASE("build_request: outputs", "[cli]") {
  const auto request =
      request_of({"-o", "type=oci,dest=a.tar", "-o", "out", "--push", "-t", "h.example/x", "."});
  REQUIRE(request.outputs.size() == 3);
  CHECK(request.outputs[1].type == "local");
  CHECK(request.outputs[2].attributes.at("push") == "true");
}

TEST_CASE("build_request: outputs that exclude each other", "[cli]") {
  CHECK_THROWS_AS(request_of({"-o", "-", "-o", "type=oci", "."}), UsageError);
  CHECK_THROWS_AS(request_of({"-o", "-", "-q", "."}), UsageError);
  CHECK_THROWS_WITH(request_of({"--push", "."}), Catch::Contains("--tag"));
}

TEST_CASE("build_request: platforms come one by one, with commas, and from the environment",
          "[cli]") {
  const auto names = [](std::vector<std::string> arguments) {
    std::vector<std::string> texts;
    for (const auto& platform : request_of(std::move(arguments)).platforms)
      texts.push_back(platform.str());
    return texts;
  };
  CHECK(names({"--platform", "local", "."}) ==
        std::vector<std::string>{image::host_platform().str()});
  CHECK(names({"--platform", "linux/amd64,linux/arm64/v8", "--platform", "linux/arm/7", "."}) ==
        std::vector<std::string>{"linux/amd64", "linux/arm64", "linux/arm/v7"});
  CHECK_THROWS_AS(request_of({"--platform", "linux/amd64,,linux/arm64", "."}), UsageError);
  const Variable preset("DOCKER_DEFAULT_PLATFORM", "linux/s390x");
  CHECK(names({"."}) == std::vector<std::string>{"linux/s390x"});
  CHECK(names({"--platform", "linux/386", "."}) == std::vector<std::string>{"linux/386"});
}

TEST_CASE("build_request: when bases are asked for", "[cli]") {
  using Policy = builder::PullPolicy;
  const std::vector<std::pair<std::string, Policy>> words = {
      {"--pull", Policy::always},        {"--pull=true", Policy::always},
      {"--pull=always", Policy::always}, {"--pull-always", Policy::always},
      {"--pull=false", Policy::missing}, {"--pull=missing", Policy::missing},
      {"--pull=newer", Policy::newer},   {"--pull=never", Policy::never},
      {"--pull-never", Policy::never},   {"--pull-never=false", Policy::missing}};
  for (const auto& [word, policy] : words) {
    CAPTURE(word);
    CHECK(request_of({word, "."}).pull == policy);
  }
  CHECK_THROWS_WITH(request_of({"--pull=sometimes", "."}), Catch::Contains("--pull=sometimes"));
}

TEST_CASE("build_request: an id needs an image, which is said before anything runs", "[cli]") {
  CHECK_NOTHROW(request_of({"--iidfile", "i", "."}));
  CHECK_NOTHROW(request_of({"--iidfile", "i", "-o", "type=local,dest=d", "--load", "."}));
  CHECK_THROWS_WITH(request_of({"--iidfile", "i", "-o", "type=local,dest=d", "."}),
                    Catch::Contains("--iidfile") && Catch::Contains("type=local"));
  CHECK_THROWS_WITH(request_of({"--iidfile-raw", "i", "-o", "type=cacheonly", "."}),
                    Catch::Contains("--iidfile-raw"));
}

TEST_CASE("build_request: --quiet and a progress that shows something", "[cli]") {
  const auto mode = [](const std::string& progress) {
    return cli::BuildOptions{.quiet = true, .progress = progress}.progress_mode();
  };
  for (const char* fits : {"", "auto", "quiet", "none"})
    CHECK(mode(fits) == cli::ProgressMode::quiet);
  for (const char* other : {"plain", "tty", "rawjson"})
    CHECK_THROWS_WITH(mode(other), Catch::Contains("--quiet"));
  const Variable preset("BUILDKIT_PROGRESS", "plain");
  CHECK(mode("") == cli::ProgressMode::quiet);
}

TEST_CASE("build_request: BUILDKIT_PROGRESS is what --progress is without a value", "[cli]") {
  const auto mode = [](const std::string& progress) {
    return cli::BuildOptions{.progress = progress}.progress_mode();
  };
  {
    const Variable preset("BUILDKIT_PROGRESS", "rawjson");
    CHECK(mode("") == cli::ProgressMode::rawjson);
    CHECK(mode("plain") == cli::ProgressMode::plain);
  }
  const Variable preset("BUILDKIT_PROGRESS", "loud");
  CHECK_THROWS_WITH(mode(""), Catch::Contains("loud"));
  CHECK(mode("none") == cli::ProgressMode::none);
}

TEST_CASE("build_request: no step can do with less memory than a process needs", "[cli]") {
  CHECK_THROWS_WITH(request_of({"--memory", "4", "."}), Catch::Contains("--memory 4"));
  CHECK_THROWS_WITH(request_of({"--resource=memory=5m", "."}), Catch::Contains("6m"));
  CHECK(request_of({"--memory=6m", "."}).resources.memory_bytes == 6 << 20);
}

TEST_CASE("build_request: networks", "[cli]") {
  CHECK(request_of({"--network", "none", "."}).network == "none");
  CHECK(request_of({"--network=", "."}).network == "default");
  CHECK_THROWS_AS(request_of({"--network", "bridge", "."}), UsageError);
}

TEST_CASE("build_request: stages without cache", "[cli]") {
  const auto request = request_of({"--no-cache-filter", "a,b", "--no-cache-filter", "c", "."});
  CHECK(request.no_cache_stages == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("build_request: SOURCE_DATE_EPOCH stops the clock", "[cli]") {
  CHECK_FALSE(cli::make_clock().is_fixed());
  {
    const Variable epoch("SOURCE_DATE_EPOCH", "1700000000");
    CHECK(cli::make_clock().fixed()->time_since_epoch() == std::chrono::seconds(1700000000));
  }
  for (const char* text : {"-1", "99999999999999"}) {
    CAPTURE(text);
    const Variable epoch("SOURCE_DATE_EPOCH", text);
    CHECK_THROWS_AS(cli::make_clock(), UsageError);
  }
}

TEST_CASE("build_request: a SOURCE_DATE_EPOCH that is no number goes to the build", "[cli]") {
  const Variable epoch("SOURCE_DATE_EPOCH", "context");
  CHECK_FALSE(cli::make_clock().is_fixed());
  CHECK(request_of({"."}).build_args.at("SOURCE_DATE_EPOCH") == "context");
  CHECK(
      request_of({"--build-arg", "SOURCE_DATE_EPOCH=7", "."}).build_args.at("SOURCE_DATE_EPOCH") ==
      "7");
}

TEST_CASE("build_request: secrets and agents come with the request", "[cli]") {
  const Variable value("IBUILD_TEST_SECRET", "sesame");
  const auto request = request_of({"--secret", "id=s,env=IBUILD_TEST_SECRET", "."});
  REQUIRE(request.secrets);
  CHECK(request.secrets("s") == "sesame");
  CHECK_FALSE(request.ssh_agents);
  CHECK_THROWS_AS(request_of({"--ssh", "a=/no/such/socket", "."}), UsageError);
}

TEST_CASE("build_request: limits of steps are taken, and checked", "[cli]") {
  const auto limits = request_of({"-m", "512m", "--memory-swap=1g", "--cpu-period=50000",
                                  "--cpu-quota=25000", "-c", "512", "--cpuset-cpus=0-3,7",
                                  "--cpuset-mems=0", "--cgroup-parent=ci/builds", "."})
                          .resources;
  CHECK(limits == sandbox::ResourceLimits{.memory_bytes = 512 << 20,
                                          .memory_and_swap_bytes = 1 << 30,
                                          .cpu_period_us = 50000,
                                          .cpu_quota_us = 25000,
                                          .cpu_shares = 512,
                                          .cpuset_cpus = "0-3,7",
                                          .cpuset_mems = "0",
                                          .cgroup_parent = "/ci/builds"});
  CHECK(request_of({"-m1g", "--memory-swap=-1", "."}).resources.memory_and_swap_bytes == -1);
  CHECK(request_of({"."}).resources == sandbox::ResourceLimits());
  for (const auto& [option, value] :
       std::vector<std::pair<std::string, std::string>>{{"--memory", "much"},
                                                        {"--memory-swap", "1g"},
                                                        {"--cpu-quota", "999"},
                                                        {"--cpu-period", "-1"},
                                                        {"--cpu-shares", "1"},
                                                        {"--cpuset-cpus", "0-"},
                                                        {"--cpuset-cpus", "3-1"},
                                                        {"--cpuset-mems", "a"},
                                                        {"--cgroup-parent", "/"},
                                                        {"--step-timeout", "soon"},
                                                        {"--step-timeout", "0s"}}) {
    CAPTURE(option, value);
    std::string word = option;
    word.append("=").append(value);
    CHECK_THROWS_WITH(request_of({word, "."}), Catch::Contains(option));
  }
  CHECK_THROWS_AS(request_of({"-m1g", "--cgroup-parent=a/../../b", "."}), UsageError);
  CHECK_THROWS_AS(request_of({"-m1g", "--memory-swap=1m", "."}), UsageError);
}

TEST_CASE("build_request: --resource says what the limits' own options say", "[cli]") {
  const auto limits =
      request_of({"-m", "1g", "--resource", "memory = 512m", "--resource=memory-swap=1g",
                  "--resource", "cpu-period=50000", "--resource", "cpu-quota=20000", "--resource",
                  "cpu-shares=512", "--resource", "cpuset-cpus=0", "--resource", "cpuset-mems=0",
                  "."})
          .resources;
  CHECK(limits == sandbox::ResourceLimits{.memory_bytes = 512 << 20,
                                          .memory_and_swap_bytes = 1 << 30,
                                          .cpu_period_us = 50000,
                                          .cpu_quota_us = 20000,
                                          .cpu_shares = 512,
                                          .cpuset_cpus = "0",
                                          .cpuset_mems = "0"});
  CHECK_THROWS_WITH(request_of({"--resource", "memory", "."}), Catch::Contains("memory=2g"));
  CHECK_THROWS_WITH(request_of({"--resource", "disk=1g", "."}), Catch::Contains("disk=1g"));
}

TEST_CASE("build_request: --debug shows all of the progress, if nothing else is said", "[cli]") {
  CHECK(cli::BuildOptions{.debug = true}.progress_mode() == cli::ProgressMode::plain);
  CHECK(cli::BuildOptions{.debug = true, .progress = "rawjson"}.progress_mode() ==
        cli::ProgressMode::rawjson);
  CHECK(cli::BuildOptions{.quiet = true, .debug = true}.progress_mode() ==
        cli::ProgressMode::quiet);
}

TEST_CASE("build_request: --print is --call", "[cli]") {
  cli::OptionParser parser("ibuild build", "");
  cli::BuildOptions options;
  options.add_to(parser);
  std::ostringstream out;
  (void)parser.parse(std::vector<std::string>{"--print=outline", "."}, out);
  CHECK(options.call.spec().kind == cli::CallKind::outline);
}

TEST_CASE("build_request: devices and a time-out for steps", "[cli]") {
  const auto request = request_of({"--device", "/dev/fuse", "--device", "/dev/null:/dev/mine",
                                   "--device", "/dev/tty:rwm", "--step-timeout=1m30s", "."});
  REQUIRE(request.devices.size() == 3);
  const auto named = request_of({"--device=vendor.com/gpu=all", "--cdi-config-dir=/x", "."});
  CHECK(named.devices.at(0).cdi_name == "vendor.com/gpu=all");
  CHECK(named.cdi_directories == std::vector<std::string>{"/x"});
  CHECK(request_of({"."}).cdi_directories == builder::default_cdi_directories());
  CHECK(request.devices[0].target == "/dev/fuse");
  CHECK(request.devices[1].path == "/dev/null");
  CHECK(request.devices[1].target == "/dev/mine");
  CHECK(request.devices[2].target == "/dev/tty");
  CHECK(request.step_timeout == std::chrono::seconds(90));
  for (const char* bad :
       {"gpu", "vendor.com/gpu=", "/dev/a:/dev/b:r", "/dev/a:x:rwm", "/a:/b:rw:c"}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH(request_of({"--device", bad, "."}), Catch::Contains("--device"));
  }
}

TEST_CASE("build_request: host-gateway needs the host's network", "[cli]") {
  CHECK(request_of({"--add-host=me:host-gateway", "."}).add_hosts.at(0) == "me:host-gateway");
  for (const char* network : {"none", "private"}) {
    CHECK_THROWS_WITH(request_of({"--add-host=me:host-gateway", "--network", network, "."}),
                      Catch::Contains("no way to the host"));
  }
}

TEST_CASE("build_request: what docker build has and ibuild has not is named", "[cli]") {
  for (const char* option : {"--builder", "--policy", "--volume"}) {
    CAPTURE(option);
    CHECK_THROWS_WITH(request_of({option, "x", "."}),
                      Catch::Contains(option) && Catch::Contains("not supported"));
  }
  CHECK_NOTHROW(request_of({"--provenance=false", "--sbom=false", "--rm", "--force-rm=true", "."}));
}

TEST_CASE("build_request: what docker build ignores as well is taken", "[cli]") {
  CHECK_NOTHROW(request_of({"--compress", "--rm=false", "--force-rm=false", "--security-opt",
                            "seccomp=unconfined", "."}));
}

TEST_CASE("build_request: security options of steps", "[cli]") {
  CHECK_FALSE(request_of({"."}).security.no_new_privileges);
  CHECK(request_of({"--security-opt=no-new-privileges", "."}).security.no_new_privileges);
  CHECK(request_of({"--security-opt=no-new-privileges:true", "."}).security.no_new_privileges);
  CHECK_FALSE(
      request_of({"--security-opt=no-new-privileges=false", "."}).security.no_new_privileges);
  CHECK_NOTHROW(request_of({"--security-opt=label=type:t", "--security-opt=label=disable", "."}));
  for (const char* bad : {"apparmor=", "apparmor", "label=", "label=t", "label=color:red",
                          "label=type:", "no-new-privileges=maybe", "mask=/proc/x", "unmask=ALL",
                          "capabilities=all", ""}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH(request_of({"--security-opt", bad, "."}), Catch::Contains("--security-opt"));
  }
}

TEST_CASE("build_request: --timestamp goes to outputs that name no time", "[cli]") {
  const auto alone = request_of({"--timestamp", "0", "."});
  REQUIRE(alone.outputs.size() == 1);
  CHECK(
      alone.outputs[0].attributes ==
      std::map<std::string, std::string>{{"source-date-epoch", "0"}, {"rewrite-timestamp", "all"}});
  const auto several = request_of({"--timestamp", "7", "-o", "type=oci,dest=a,source-date-epoch=9",
                                   "-o", "type=local,dest=b", "-o", "type=cacheonly", "."});
  CHECK(several.outputs[0].attributes.at("source-date-epoch") == "9");
  CHECK_FALSE(several.outputs[0].attributes.contains("rewrite-timestamp"));
  CHECK(several.outputs[1].attributes.at("source-date-epoch") == "7");
  CHECK_FALSE(several.outputs[1].attributes.contains("rewrite-timestamp"));
  CHECK(several.outputs[2].attributes.empty());
  for (const char* wrong : {"", "noon", "-1", "9223372037"}) {
    CHECK_THROWS_WITH(request_of({"--timestamp", wrong, "."}), Catch::Contains("--timestamp"));
  }
}

TEST_CASE("build_request: --squash goes to outputs that are images", "[cli]") {
  const auto alone = request_of({"--squash", "."});
  REQUIRE(alone.outputs.size() == 1);
  CHECK(alone.outputs[0].type == "image");
  CHECK(alone.outputs[0].attributes.at("squash") == "true");
  const auto several = request_of(
      {"--squash", "-o", "type=oci,dest=a,squash=false", "-o", "type=local,dest=b", "--load", "."});
  REQUIRE(several.outputs.size() == 3);
  CHECK(several.outputs[0].attributes.at("squash") == "false");
  CHECK_FALSE(several.outputs[1].attributes.contains("squash"));
  CHECK(several.outputs[2].attributes.at("squash") == "true");
  CHECK_THROWS_WITH(request_of({"--squash", "-o", "type=cacheonly", "."}),
                    Catch::Contains("--squash"));
}

TEST_CASE("build_request: --add-compression goes to outputs that are images", "[cli]") {
  const auto alone = request_of({"--add-compression", "zstd", "."});
  REQUIRE(alone.outputs.size() == 1);
  CHECK(alone.outputs[0].type == "image");
  CHECK(alone.outputs[0].attributes.at("add-compression") == "zstd");
  const auto several =
      request_of({"--add-compression", "zstd", "--add-compression", "gzip", "--push", "-t", "r/a",
                  "-o", "type=oci,dest=a,add-compression=gzip", "."});
  REQUIRE(several.outputs.size() == 2);
  CHECK(several.outputs[0].attributes.at("add-compression") == "gzip");
  CHECK(several.outputs[1].attributes.at("add-compression") == "zstd+gzip");
  CHECK_THROWS_WITH(request_of({"--add-compression", "zstd", "-o", "type=tar,dest=a", "."}),
                    Catch::Contains("--add-compression"));
}

TEST_CASE("build_request: the age of results that count", "[cli]") {
  CHECK_FALSE(request_of({"."}).cache_ttl);
  CHECK(request_of({"--cache-ttl", "72h", "."}).cache_ttl == std::chrono::hours(72));
  CHECK(request_of({"--cache-ttl", "2w", "."}).cache_ttl == std::chrono::days(14));
  CHECK(request_of({"--cache-ttl", "3d", "."}).cache_ttl == std::chrono::days(3));
  for (const char* bad : {"x", "-1h", "-1d", "1", "d", "99999999999d"})
    CHECK_THROWS_WITH(request_of({"--cache-ttl", bad, "."}), Catch::Contains("--cache-ttl"));
}

TEST_CASE("build_request: a build's name does not depend on how its files are written", "[cli]") {
  CHECK(cli::build_name("", ".") == cli::build_name("", "./."));
  CHECK(cli::build_name("", ".") != cli::build_name("", ".."));
  CHECK(cli::build_name("no such file", ".") != cli::build_name("", "."));
}

TEST_CASE("build_request: what the Dockerfile may do is allowed by name", "[cli]") {
  CHECK_FALSE(request_of({"."}).allowed.host_network);
  const auto request = request_of({"--allow", "network.host,security.insecure", "."});
  CHECK(request.allowed.host_network);
  CHECK(request.allowed.insecure_steps);
  CHECK_FALSE(request.allowed.secrets_in_layers);
  CHECK(request_of({"--allow=secret-in-layer", "."}).allowed.secrets_in_layers);
  CHECK(request_of({"--network=host", "."}).allowed.host_network);
  CHECK_FALSE(request.allowed.all_devices);
  CHECK(request_of({"--allow=device", "."}).allowed.all_devices);
  CHECK(request_of({"--allow=device=a.b/c=d,device=a.b/e", "."}).allowed.devices ==
        std::vector<std::string>{"a.b/c=d", "a.b/e"});
  CHECK_THROWS_WITH(request_of({"--allow", "everything", "."}),
                    Catch::Contains("--allow everything is not known"));
  CHECK_THROWS_WITH(request_of({"--allow", "device=gpu", "."}),
                    Catch::Contains("--allow device=gpu: it is no device's name"));
}
