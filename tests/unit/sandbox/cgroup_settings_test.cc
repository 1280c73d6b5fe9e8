#include "sandbox/cgroup_settings.h"

#include <catch2/catch.hpp>

namespace ibuild::sandbox {
namespace {

using Settings = std::vector<CgroupSetting>;

ResourceLimits all_limits() {
  return {.memory_bytes = 100,
          .memory_and_swap_bytes = 150,
          .cpu_period_us = 50000,
          .cpu_quota_us = 25000,
          .cpu_shares = 1024,
          .cpuset_cpus = "0-1",
          .cpuset_mems = "0"};
}

TEST_CASE("cgroup settings: version 1 takes the values as they are", "[sandbox]") {
  const auto of = [](const char* controller) {
    return settings_of(controller, all_limits(), CgroupVersion::v1).settings;
  };
  CHECK(of("memory") ==
        Settings{{"memory.limit_in_bytes", "100"}, {"memory.memsw.limit_in_bytes", "150"}});
  CHECK(of("cpu") == Settings{{"cpu.cfs_period_us", "50000"},
                              {"cpu.cfs_quota_us", "25000"},
                              {"cpu.shares", "1024"}});
  CHECK(of("cpuset") == Settings{{"cpuset.cpus", "0-1"}, {"cpuset.mems", "0"}});
}

TEST_CASE("cgroup settings: version 2 counts swap alone and weighs from 1 to 10000", "[sandbox]") {
  ResourceLimits limits = all_limits();
  const auto of = [&](const char* controller) {
    return settings_of(controller, limits, CgroupVersion::v2).settings;
  };
  CHECK(of("memory") == Settings{{"memory.max", "100"}, {"memory.swap.max", "50"}});
  CHECK(of("cpu") == Settings{{"cpu.max", "25000 50000"}, {"cpu.weight", "39"}});
  limits.memory_and_swap_bytes = -1;
  limits.cpu_period_us = 0;
  limits.cpu_shares = 2;
  CHECK(of("memory")[1] == CgroupSetting{"memory.swap.max", "max"});
  CHECK(of("cpu") == Settings{{"cpu.max", "25000 100000"}, {"cpu.weight", "1"}});
  limits.cpu_quota_us = -1;
  limits.cpu_shares = 262144;
  CHECK(of("cpu") == Settings{{"cpu.max", "max 100000"}, {"cpu.weight", "10000"}});
}

TEST_CASE("cgroup settings: only what is limited needs a controller", "[sandbox]") {
  CHECK(needed_controllers({}).empty());
  CHECK(needed_controllers({.cgroup_parent = "/x"}).empty());
  CHECK_FALSE(wants_cgroup({}));
  CHECK(wants_cgroup({.cgroup_parent = "/x"}));
  CHECK(wants_cgroup({.memory_bytes = 1}));
  CHECK(needed_controllers({.memory_bytes = 1}) == std::vector<std::string>{"memory"});
  CHECK(needed_controllers({.cpu_shares = 5, .cpuset_mems = "0"}) ==
        std::vector<std::string>{"cpu", "cpuset"});
}

constexpr const char* kMounts1 =
    "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "36 31 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
constexpr const char* kCgroups1 = "4:memory:/user/me\n3:cpu,cpuacct:/\n0::/init.scope\n";

TEST_CASE("cgroup place: a controller of version 1 has its own hierarchy", "[sandbox]") {
  CHECK(find_controller("memory", kMounts1, kCgroups1) ==
        CgroupPlace{CgroupVersion::v1, "/sys/fs/cgroup/memory", "/user/me"});
  CHECK(find_controller("cpu", kMounts1, kCgroups1) ==
        CgroupPlace{CgroupVersion::v1, "/sys/fs/cgroup/cpu,cpuacct", ""});
}

TEST_CASE("cgroup place: one that version 1 does not have is looked for in version 2",
          "[sandbox]") {
  CHECK(find_controller("cpuset", kMounts1, kCgroups1) ==
        CgroupPlace{CgroupVersion::v2, "/sys/fs/cgroup/unified", "/init.scope"});
  CHECK(find_controller("memory", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
                        "0::/user.slice/session-1.scope\n") ==
        CgroupPlace{CgroupVersion::v2, "/sys/fs/cgroup", "/user.slice/session-1.scope"});
}

TEST_CASE("cgroup place: a container sees a part of the hierarchy", "[sandbox]") {
  const std::string mount =
      "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup c rw,memory\n";
  CHECK(find_controller("memory", mount, "4:memory:/docker/abc\n") ==
        CgroupPlace{CgroupVersion::v1, "/sys/fs/cgroup/memory", ""});
  CHECK(find_controller("memory", mount, "4:memory:/docker/abc/x\n")->own == "/x");
  CHECK_FALSE(find_controller("memory", mount, "4:memory:/docker/abcd\n"));
  CHECK_FALSE(find_controller("memory", mount, "4:memory:/../other\n"));
}

TEST_CASE("cgroup place: without hierarchy there is none", "[sandbox]") {
  CHECK_FALSE(find_controller("memory", "", ""));
  CHECK_FALSE(find_controller("memory", "nonsense\n1 2 - cgroup\n", "0::/\n"));
  CHECK_FALSE(find_controller("memory", kMounts1, "4:memory\n"));
}

}  // namespace
}  // namespace ibuild::sandbox
