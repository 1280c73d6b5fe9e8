#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "sandbox/sandbox.h"
#include "sandbox/spec_check.h"

namespace ibuild::sandbox {
namespace {

SandboxSpec good_spec() {
  SandboxSpec spec;
  spec.root_fd = 3;
  spec.argv = {"/bin/sh", "-c", "make all"};
  spec.env = {"PATH=/bin"};
  return spec;
}

std::string refusal(const SandboxSpec& spec) {
  try {
    check_spec(spec);
  } catch (const SandboxError& error) {
    CHECK(error.phase() == "check the spec");
    return error.detail();
  }
  return "";
}

MountSpec bind_at(const char* target) {
  return {.target = base::RelPath::clean(target), .source_fd = 4};
}

TEST_CASE("spec: a good one passes", "[sandbox]") {
  SandboxSpec spec = good_spec();
  spec.mounts = {bind_at("/process/x"), bind_at("/dev/shm/x")};
  CHECK(refusal(spec).empty());
}

TEST_CASE("spec: what cannot be meant is refused", "[sandbox]") {
  SandboxSpec spec = good_spec();
  SECTION("no root") { spec.root_fd = -1; }
  SECTION("no program") { spec.argv = {}; }
  SECTION("an empty program") { spec.argv = {""}; }
  SECTION("NUL in an argument") { spec.argv.emplace_back("a\0b", 3); }
  SECTION("an environment entry without =") { spec.env = {"PATH"}; }
  SECTION("an environment entry without name") { spec.env = {"=x"}; }
  SECTION("NUL in the environment") { spec.env.emplace_back("A=\0", 3); }
  SECTION("a relative working directory") { spec.working_dir = "w"; }
  SECTION("the id that means no change") { spec.uid = 0xffffffff; }
  SECTION("the group that means no change") { spec.gid = 0xffffffff; }
  SECTION("a mount on the root") { spec.mounts = {bind_at("/")}; }
  SECTION("a mount on /proc") { spec.mounts = {bind_at("/proc")}; }
  SECTION("a mount in /proc") { spec.mounts = {bind_at("/x/../proc/self")}; }
  SECTION("a bind without source") { spec.mounts = {{.target = base::RelPath::exact("x")}}; }
  SECTION("an odd tmpfs mode") {
    spec.mounts = {
        {.kind = MountSpec::Kind::tmpfs, .target = base::RelPath::exact("x"), .mode = 010000}};
  }
  SECTION("a directory as a file in memory") {
    spec.mounts = {{.kind = MountSpec::Kind::file,
                    .target = base::RelPath::exact("x"),
                    .source_fd = 4,
                    .source_is_directory = true}};
  }
  SECTION("a file in memory without content") {
    spec.mounts = {{.kind = MountSpec::Kind::file,
                    .target = base::RelPath::exact("x"),
                    .source_is_directory = false}};
  }
  SECTION("a secret variable without name") { spec.secret_env = {"=x"}; }
  SECTION("a relative hook") { spec.hooks = {{.path = "h"}}; }
  SECTION("NUL in a hook") { spec.hooks = {{.path = "/h", .args = {std::string("a\0", 2)}}}; }
  SECTION("a profile of two lines") { spec.labels.apparmor_profile = "a\nb"; }
  SECTION("NUL in a label") { spec.labels.selinux_process.assign("a\0b", 3); }
  SECTION("no host name") { spec.hostname = ""; }
  SECTION("a long host name") { spec.hostname = std::string(65, 'h'); }
  CHECK_FALSE(refusal(spec).empty());
}

TEST_CASE("spec: describe prints one line a field", "[sandbox]") {
  SandboxSpec spec = good_spec();
  spec.mounts = {bind_at("/src"),
                 {.kind = MountSpec::Kind::tmpfs,
                  .target = base::RelPath::exact("tmp"),
                  .read_only = true,
                  .size_bytes = 4096,
                  .mode = 01777}};
  spec.additional_gids = {5, 6};
  spec.rlimits = {{RLIMIT_CORE, 0, 1}};
  spec.resources.memory_bytes = 64;
  spec.resources.cpuset_cpus = "0-1";
  spec.timeout = std::chrono::milliseconds(1500);
  spec.hosts = "x";
  CHECK(describe(spec) ==
        "root: directory rw\n"
        "mount: bind /src directory rw\n"
        "mount: tmpfs /tmp size=4096 mode=01777 ro\n"
        "run: /bin/sh -c 'make all'\n"
        "env: PATH=/bin\n"
        "dir: /\n"
        "user: 0:0,5,6\n"
        "network: host\n"
        "limits: memory=64 cpuset-cpus=0-1\n"
        "timeout: 1500 ms\n"
        "stdio: captured\n"
        "rights: default\n"
        "hostname: buildkitsandbox\n"
        "resolv.conf: 0 bytes\n"
        "hosts: 1 bytes\n"
        "shm: 67108864\n"
        "rlimit: 4 0:1\n");
}

TEST_CASE("spec: what is wrong with a secret variable is said without its value", "[sandbox]") {
  SandboxSpec spec = good_spec();
  spec.secret_env.emplace_back("KEY=sesame\0x", 12);
  CHECK(refusal(spec) == "the secret for environment variable KEY holds a NUL byte");
  spec.secret_env = {"sesame"};
  CHECK(refusal(spec) == "a secret of the environment has no name");
}

TEST_CASE("spec: describe prints neither a secret's value nor its file's content", "[sandbox]") {
  SandboxSpec spec = good_spec();
  spec.secret_env = {"PLAIN=sesame"};
  spec.mounts = {{.kind = MountSpec::Kind::file,
                  .target = base::RelPath::exact("run/key"),
                  .source_fd = 4,
                  .source_is_directory = false,
                  .read_only = true,
                  .mode = 0400,
                  .uid = 7,
                  .gid = 8}};
  CHECK_THAT(describe(spec), Catch::Contains("env: PLAIN=***\n") &&
                                 Catch::Contains("mount: file /run/key mode=0400 owner=7:8 ro\n") &&
                                 !Catch::Contains("sesame"));
}

TEST_CASE("spec: describe hides values that look secret, and control bytes", "[sandbox]") {
  SandboxSpec spec = good_spec();
  spec.env = {"NPM_TOKEN=abc123", "db_Password=abc123", "NAME=\x1b[31m"};
  const std::string text = describe(spec);
  CHECK(text.find("abc123") == std::string::npos);
  CHECK(text.find("env: NPM_TOKEN=***\n") != std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace ibuild::sandbox
