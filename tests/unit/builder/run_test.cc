// RUN through whole builds: what the sandbox is told.
#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "builder/ops/run_runner.h"
#include "parser/diagnostic.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using ibuild::test::BuildFixture;

namespace {

BuildFixture& with_base(BuildFixture& f) {
  f.images.add("base", {{"etc/passwd", "root:x:0:0::/root:\napp:x:1000:1001::/home/app:\n"},
                        {"etc/group", "staff:x:50:app\n"},
                        {"tool/bin/run", "x"}});
  return f;
}

bool has(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

const sandbox::MountSpec* mount_at(const sandbox::SandboxSpec& spec, const std::string& target) {
  for (const auto& mount : spec.mounts) {
    if (mount.target.str() == target) return &mount;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("run: environment, user, directory and shell are the stage's", "[builder]") {
  BuildFixture f;
  with_base(f).build(
      "FROM base\nENV A=1\nARG B=2\nUSER app\nWORKDIR /w\nSHELL [\"/bin/bash\", \"-c\"]\nRUN make "
      "$A\n");
  const auto spec = f.sandbox.specs().at(0);
  CHECK(spec.argv == std::vector<std::string>{"/bin/bash", "-c", "make $A"});
  CHECK(spec.env == std::vector<std::string>{"PATH=/bin", "A=1", "B=2", "HOME=/home/app"});
  CHECK(spec.uid == 1000);
  CHECK(spec.gid == 1001);
  CHECK(spec.additional_gids == std::vector<std::uint32_t>{1001, 50});
  CHECK(spec.working_dir == "/w");
  CHECK(spec.hostname == "buildkitsandbox");
}

TEST_CASE("run: the exec form has no shell", "[builder]") {
  BuildFixture f;
  with_base(f).build("FROM base\nRUN [\"/bin/echo\", \"$HOME\", \"a b\"]\n");
  CHECK(f.sandbox.specs().at(0).argv == std::vector<std::string>{"/bin/echo", "$HOME", "a b"});
}

TEST_CASE("run: network, hosts, limits and shared memory come from the request", "[builder]") {
  BuildFixture f;
  f.request.network = "none";
  f.request.allowed.host_network = true;
  f.request.add_hosts = {"db:10.0.0.5", "six:2001:db8::1"};
  f.request.shm_size_bytes = 1 << 20;
  f.request.ulimits = {{RLIMIT_NOFILE, 100, 200}};
  with_base(f).build("FROM base\nRUN a\nRUN --network=host b\n");
  const auto specs = f.sandbox.specs();
  CHECK(specs.at(0).network == sandbox::NetworkMode::none);
  CHECK(specs.at(1).network == sandbox::NetworkMode::host);
  CHECK_THAT(specs[0].hosts,
             Catch::Contains("10.0.0.5\tdb") && Catch::Contains("2001:db8::1\tsix"));
  CHECK(specs[0].shm_size_bytes == 1 << 20);
  CHECK(specs[0].rlimits == f.request.ulimits);
}

TEST_CASE("run: proxies reach the process but not the image", "[builder]") {
  BuildFixture f;
  f.request.build_args["http_proxy"] = "http://proxy:3128";
  const auto result = with_base(f).build("FROM base\nRUN a\n");
  const auto spec = f.sandbox.specs().at(0);
  CHECK(has(spec.env, "http_proxy=http://proxy:3128"));
  CHECK(has(spec.env, "HTTP_PROXY=http://proxy:3128"));
  CHECK(image::to_json(f.config(result)).find("proxy:3128") == std::string::npos);
}

TEST_CASE("run: FTP_PROXY needs no ARG, and is part of neither history nor key", "[builder]") {
  for (const char* name : {"FTP_PROXY", "ftp_proxy", "all_proxy", "NO_PROXY"}) {
    CAPTURE(name);
    BuildFixture f;
    f.request.build_args[name] = "proxy:21";
    with_base(f);
    const auto result = f.build("FROM base\nRUN a\n");
    const std::string written = name;
    std::string upper = written;
    std::string lower = written;
    std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
    std::transform(lower.begin(), lower.end(), lower.begin(), ::tolower);
    const auto spec = f.sandbox.specs().at(0);
    CHECK(has(spec.env, upper + "=proxy:21"));
    CHECK(has(spec.env, lower + "=proxy:21"));
    CHECK(image::to_json(f.config(result)).find("proxy:21") == std::string::npos);
    CHECK(f.events.warnings().empty());
    f.events.clear();
    f.request.build_args[name] = "other:21";
    CHECK(f.build("FROM base\nRUN a\n").config_digest == result.config_digest);
    CHECK(f.events.cached_count() == 2);
    CHECK(f.sandbox.specs().size() == 1);
  }
}

TEST_CASE("run: BUILDKIT_SANDBOX_HOSTNAME is the name of the step's machine", "[builder]") {
  BuildFixture f;
  f.request.build_args["BUILDKIT_SANDBOX_HOSTNAME"] = "box.example";
  with_base(f).build("FROM base\nRUN a\n");
  CHECK(f.sandbox.specs().at(0).hostname == "box.example");
  f.request.build_args["BUILDKIT_SANDBOX_HOSTNAME"] = "other";
  f.build("FROM base\nRUN a\n");
  CHECK(f.sandbox.specs().size() == 2);  // the step may have written it somewhere
}

TEST_CASE("run: an unknown user is an error at the instruction", "[builder]") {
  BuildFixture f;
  with_base(f);
  CHECK_THROWS_WITH(f.build("FROM base\nUSER ghost\nRUN a\n"),
                    "unable to find user ghost: no matching entries in passwd file");
}

TEST_CASE("run: a script heredoc lies at /dev/pipes, for everybody to run and read-only",
          "[builder]") {
  BuildFixture f;
  struct stat directory {};
  f.sandbox.on("/dev/pipes/EOF", [&](const base::DirFd&, sandbox::StepObserver&) {
    const auto specs = f.sandbox.specs();
    return ::fstat(mount_at(specs.back(), "dev/pipes")->source_fd, &directory);
  });
  with_base(f).build("FROM base\nRUN <<EOF\n#!/bin/tool\nline\nEOF\n");
  const auto spec = f.sandbox.specs().at(0);
  CHECK(spec.argv.back() == "/dev/pipes/EOF");
  const auto* mount = mount_at(spec, "dev/pipes");
  REQUIRE(mount != nullptr);
  CHECK(mount->read_only);
  CHECK(mount->source_is_directory);
  CHECK((directory.st_mode & 07777) == 0755);
}

TEST_CASE("run: a shell that reads heredocs itself gets the tabs of <<- too", "[builder]") {
  BuildFixture f;
  with_base(f).build("FROM base\nRUN cat <<a <<-b\n\t1\na\n\t2\n\tb\n");
  CHECK(f.sandbox.specs().at(0).argv.back() == "cat <<a <<-b\n\t1\na\n\t2\nb");
}

TEST_CASE(
    "run: bind mounts of the context and of a stage are read-only unless asked, tmpfs and cache "
    "writable",
    "[builder]") {
  BuildFixture f;
  f.write("src/a", "a");
  with_base(f).build(
      "FROM base AS tools\nFROM base\nWORKDIR /w\n"
      "RUN --mount=source=src,target=src --mount=from=tools,source=/tool/bin/run,target=/run-it,rw "
      "--mount=type=tmpfs,target=/t,size=1m --mount=type=cache,target=/c make\n");
  const auto spec = f.sandbox.specs().at(0);
  REQUIRE(spec.mounts.size() == 4);
  REQUIRE(mount_at(spec, "w/src") != nullptr);
  CHECK(mount_at(spec, "w/src")->read_only);
  REQUIRE(mount_at(spec, "t") != nullptr);
  CHECK(mount_at(spec, "t")->kind == sandbox::MountSpec::Kind::tmpfs);
  CHECK(mount_at(spec, "t")->size_bytes == 1 << 20);
  REQUIRE(mount_at(spec, "c") != nullptr);
  CHECK_FALSE(mount_at(spec, "c")->read_only);
}

TEST_CASE("run: a tmpfs has the mode of what it covers, else it is for everybody", "[builder]") {
  BuildFixture f;
  f.images.add("base", {{"var", "", 0755, 0, 0, layers::EntryType::directory},
                        {"var/private", "", 0710, 0, 0, layers::EntryType::directory},
                        {"link", "", 0777, 0, 0, layers::EntryType::symlink, "var/private"}});
  f.build(
      "FROM base\nUSER 7\nRUN --mount=type=tmpfs,target=/var/private "
      "--mount=type=tmpfs,target=/link/new --mount=type=tmpfs,target=/link a\n");
  const auto spec = f.sandbox.specs().at(0);
  REQUIRE(mount_at(spec, "link/new") != nullptr);
  CHECK(mount_at(spec, "var/private")->mode == 0710);
  CHECK(mount_at(spec, "link/new")->mode == 01777);
  CHECK(mount_at(spec, "link")->mode == 0710);
  CHECK_FALSE(mount_at(spec, "link")->read_only);
}

TEST_CASE("run: a tmpfs may be read-only", "[builder]") {
  BuildFixture f;
  with_base(f).build("FROM base\nRUN --mount=type=tmpfs,target=/t,ro a\n");
  const auto spec = f.sandbox.specs().at(0);
  REQUIRE(mount_at(spec, "t") != nullptr);
  CHECK(mount_at(spec, "t")->read_only);
}

TEST_CASE("run: only the mounted part of the context counts", "[builder]") {
  BuildFixture f;
  f.write("src/a", "a");
  f.write("other", "1");
  const std::string dockerfile = "FROM base\nRUN --mount=source=src,target=/src make\n";
  with_base(f).build(dockerfile);
  f.write("other", "2");
  f.events.clear();
  f.build(dockerfile);
  CHECK(f.events.reasons().empty());
  f.write("src/a", "changed");
  f.build(dockerfile);
  CHECK(f.events.reasons() == std::vector<std::string>{"src/a changed"});
}

TEST_CASE("run: a secret that is not there matters only when it is required", "[builder]") {
  BuildFixture f;
  with_base(f).build("FROM base\nRUN --mount=type=secret,id=token a\n");
  CHECK(f.sandbox.specs().at(0).mounts.empty());
  CHECK_THROWS_WITH(f.build("FROM base\nRUN --mount=type=secret,id=token,required b\n"),
                    "secret token: not found");
}

TEST_CASE("run: what is not supported is refused by name", "[builder]") {
  BuildFixture f;
  with_base(f);
  CHECK_THROWS_WITH(f.build("FROM base\nRUN --security=insecure a\n"),
                    Catch::Contains("--security=insecure"));
  f.images.add("other", {{"bin/sh", "x"}}).config.platform = image::parse_platform("windows/amd64");
  CHECK_THROWS_WITH(f.build("FROM other\nRUN a\n"), Catch::Contains("windows/amd64"));
  CHECK_THROWS_WITH(f.build("FROM base\nRUN --mount=target=/ a\n"),
                    Catch::Contains("invalid mount target"));
}

TEST_CASE("run: a step may run programs of the platform that its root is for", "[builder]") {
  BuildFixture f;
  const auto foreign = image::parse_platform("linux/s390x");
  f.images.add_for(foreign, "base", {{"bin/sh", "x"}});
  f.images.add_for(image::host_platform(), "base", {{"bin/sh", "x"}});
  f.request.platforms = {foreign};
  f.build(
      "FROM --platform=$BUILDPLATFORM base AS build\nRUN here\n"
      "FROM base\nRUN there\nCOPY --from=build /bin/sh /x\n");
  std::map<std::string, std::vector<std::string>> architectures;
  for (const auto& spec : f.sandbox.specs()) architectures[spec.argv.back()] = spec.architectures;
  CHECK(architectures["here"] == std::vector{image::host_platform().architecture});
  CHECK(architectures["there"] == std::vector<std::string>{"s390x"});
}

TEST_CASE("run: --add-host takes both separators", "[builder]") {
  CHECK(builder::parse_add_host("a:1.2.3.4") ==
        std::pair<std::string, std::string>{"a", "1.2.3.4"});
  CHECK(builder::parse_add_host("a=::1") == std::pair<std::string, std::string>{"a", "::1"});
  CHECK_THROWS_AS(builder::parse_add_host("a"), base::UsageError);
  CHECK_THROWS_AS(builder::parse_add_host(":1.2.3.4"), base::UsageError);
}

TEST_CASE("run: the host's network and all rights have to be allowed", "[builder]") {
  BuildFixture f;
  with_base(f);
  const auto hint_of = [&](const std::string& flag) -> std::string {
    try {
      f.build("FROM base\nRUN " + flag + " a\n");
    } catch (const parser::DockerfileError& error) {
      return error.hint();
    }
    return "";
  };
  CHECK_THAT(hint_of("--network=host"), Catch::Contains("--allow network.host"));
  CHECK_THAT(hint_of("--security=insecure"), Catch::Contains("--allow security.insecure"));
  CHECK(f.sandbox.specs().empty());
  f.request.allowed = {.host_network = true, .insecure_steps = true};
  f.build("FROM base\nRUN --network=host a\nRUN --security=insecure a\n");
  CHECK_FALSE(f.sandbox.specs().at(0).insecure);
  CHECK(f.sandbox.specs().at(1).insecure);
}

TEST_CASE("run: a mistake further down is told before what may not run", "[builder]") {
  BuildFixture f;
  with_base(f);
  const std::string text = "FROM base\nRUN --security=insecure a\nRUN --network=host b\n";
  CHECK_THROWS_WITH(f.build(text + "STOPSIGNAL nonsense\n"), Catch::Contains("nonsense"));
  CHECK_THROWS_WITH(f.build(text),
                    "RUN --security=insecure: entitlement security.insecure is not allowed");
  f.request.platforms = {image::parse_platform("linux/amd64"),
                         image::parse_platform("linux/arm64")};
  for (const auto& platform : f.request.platforms)
    f.images.add_for(platform, "base", {{"bin/sh", "x"}});
  CHECK_THROWS_WITH(f.build(text), Catch::StartsWith("linux/amd64: RUN --security=insecure"));
}

TEST_CASE("run: a step with all rights is another step", "[builder]") {
  BuildFixture f;
  with_base(f);
  f.request.allowed.insecure_steps = true;
  f.build("FROM base\nRUN --security=insecure a\n");
  f.build("FROM base\nRUN a\n");
  CHECK(f.sandbox.specs().size() == 2);
}

TEST_CASE("run: a device that nobody describes is left out, unless it is required", "[builder]") {
  BuildFixture f;
  with_base(f);
  f.request.cdi_directories = {"/no/such/directory"};
  f.build("FROM base\nRUN --device=vendor.com/gpu=0 a\n");
  CHECK(f.sandbox.specs().at(0).mounts.empty());
  CHECK_THROWS_WITH(f.build("FROM base\nRUN --device=vendor.com/gpu=0,required a\n"),
                    Catch::Contains("vendor.com/gpu=0 is not described in /no/such/directory"));
}

TEST_CASE("run: a device has the name of one, and makes the step another", "[builder]") {
  BuildFixture f;
  with_base(f);
  CHECK_THROWS_WITH(f.build("FROM base\nRUN --device=gpu a\n"),
                    Catch::Contains("--device=gpu") && Catch::Contains("vendor/class"));
  f.request.cdi_directories = {};
  f.build("FROM base\nRUN --device=vendor.com/gpu a\n");
  f.build("FROM base\nRUN a\n");
  CHECK(f.sandbox.specs().size() == 2);
}
