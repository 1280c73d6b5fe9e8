#include "sandbox/spec_codec.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "base/error.h"

namespace ibuild::sandbox {
namespace {

SandboxSpec full_spec() {
  SandboxSpec spec;
  spec.root_fd = 5;
  spec.root_is_detached_mount = true;
  spec.root_read_only = true;
  spec.mounts = {{.kind = MountSpec::Kind::bind,
                  .target = base::RelPath::exact("a/b"),
                  .source_fd = 7,
                  .source_is_directory = false,
                  .source_is_detached_mount = true,
                  .source_tree_fd = 6,
                  .read_only = true,
                  .ignores_setuid = true},
                 {.kind = MountSpec::Kind::tmpfs,
                  .target = base::RelPath::exact("tmp"),
                  .size_bytes = 4096,
                  .mode = 01777},
                 {.kind = MountSpec::Kind::file,
                  .target = base::RelPath::exact("run/key"),
                  .source_fd = 8,
                  .source_is_directory = false,
                  .mode = 0400,
                  .uid = 12,
                  .gid = 13}};
  spec.argv = {"prog", "", "\xff arg"};
  spec.env = {"A=1", "B="};
  spec.secret_env = {"S=hidden"};
  spec.working_dir = "/w";
  spec.uid = 1000;
  spec.gid = 1001;
  spec.additional_gids = {7, 4000000000U};
  spec.architectures = {"arm64", "arm"};
  spec.hooks = {{Hook::When::start_container, "/h", {"h", "x"}, {"A=b"}, std::chrono::seconds(3)},
                {.path = "/i"}};
  spec.bundle = "/tmp/bundle";
  spec.network = NetworkMode::none;
  spec.stdio = StdioMode::inherited;
  spec.insecure = true;
  spec.no_new_privileges = true;
  spec.labels = {"profile", "u:r:t:s0", "u:object_r:f:s0"};
  spec.hostname = "h";
  spec.resolv_conf = "nameserver 1.1.1.1\n";
  spec.hosts = "127.0.0.1 x\n";
  spec.shm_size_bytes = 1 << 30;
  spec.rlimits = {{RLIMIT_NOFILE, 10, 20}};
  spec.resources = {.memory_bytes = 1ULL << 40,
                    .memory_and_swap_bytes = -1,
                    .cpu_period_us = 2,
                    .cpu_quota_us = 3,
                    .cpu_shares = 4,
                    .cpuset_cpus = "0-1",
                    .cpuset_mems = "0",
                    .cgroup_parent = "/a/b"};
  spec.timeout = std::chrono::milliseconds(1500);
  return spec;
}

/// Carries a spec over as a channel would, with fresh descriptors.
ReceivedSpec carry(const EncodedSpec& encoded) {
  Frame frame;
  frame.bytes = encoded.bytes;
  for (std::size_t i = 0; i < encoded.fds.size(); ++i) {
    frame.fds.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  return decode_spec(std::move(frame));
}

TEST_CASE("spec codec: every field comes over", "[sandbox]") {
  SandboxSpec spec = full_spec();
  const std::vector<Emulator> emulators = {{"qemu-x", std::string("\x7f\0E", 3), "mask", 9}};
  const EncodedSpec encoded = encode_spec(spec, {-1, 11, 12}, emulators);
  CHECK(encoded.fds == std::vector<int>{11, 12, 5, 7, 6, 8, 9});
  const ReceivedSpec received = carry(encoded);
  CHECK(received.stdio.in == -1);
  CHECK(received.stdio.out == received.fds[0].get());
  CHECK(received.stdio.err == received.fds[1].get());
  spec.root_fd = received.fds[2].get();
  spec.mounts[0].source_fd = received.fds[3].get();
  spec.mounts[0].source_tree_fd = received.fds[4].get();
  spec.mounts[2].source_fd = received.fds[5].get();
  CHECK(received.spec == spec);
  REQUIRE(received.emulators.size() == 1);
  CHECK(received.emulators[0] ==
        Emulator{"qemu-x", emulators[0].magic, "mask", received.fds[6].get()});
}

TEST_CASE("spec codec: limits come over alone", "[sandbox]") {
  const ResourceLimits limits = full_spec().resources;
  CHECK(decode_resources(encode_resources(limits)) == limits);
  CHECK_THROWS_AS(decode_resources(encode_resources(limits) + "x"), base::ContentError);
}

TEST_CASE("spec codec: hooks come over alone", "[sandbox]") {
  const HookOrder order{full_spec().hooks, "/tmp/bundle"};
  const HookOrder decoded = decode_hooks(encode_hooks(order));
  CHECK(decoded.hooks == order.hooks);
  CHECK(decoded.bundle == order.bundle);
  CHECK_THROWS_AS(decode_hooks(encode_hooks(order) + "x"), base::ContentError);
}

TEST_CASE("spec codec: a default spec comes over", "[sandbox]") {
  const SandboxSpec spec;
  CHECK(carry(encode_spec(spec, {}, {})).spec == spec);
}

TEST_CASE("spec codec: bytes that end early, go on, or name no descriptor are refused",
          "[sandbox]") {
  const EncodedSpec encoded = encode_spec(full_spec(), {0, 1, 2}, {});
  for (std::size_t size : {std::size_t{0}, std::size_t{5}, encoded.bytes.size() - 1}) {
    EncodedSpec cut = encoded;
    cut.bytes.resize(size);
    CHECK_THROWS_AS(carry(cut), base::ContentError);
  }
  EncodedSpec longer = encoded;
  longer.bytes += "x";
  CHECK_THROWS_AS(carry(longer), base::ContentError);
  EncodedSpec fewer_fds = encoded;
  fewer_fds.fds.pop_back();
  CHECK_THROWS_AS(carry(fewer_fds), base::ContentError);
}

}  // namespace
}  // namespace ibuild::sandbox
