#include "cli/options_resources.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/rel_path.h"
#include "base/text.h"
#include "cli/byte_size.h"

namespace ibuild::cli {

namespace {

constexpr std::uint64_t kLeastMemory = 6 << 20;  // as Docker has it

[[noreturn]] void refuse(const std::string& option, const std::string& text,
                         const std::string& why) {
  throw base::UsageError(option + " " + base::printable(text) + ": " + why);
}

struct Key {
  std::string_view name;
  std::string ResourceOptions::*value;
};
constexpr std::array kKeys = {
    Key{"memory", &ResourceOptions::memory},
    Key{"memory-swap", &ResourceOptions::memory_swap},
    Key{"cpu-period", &ResourceOptions::cpu_period},
    Key{"cpu-quota", &ResourceOptions::cpu_quota},
    Key{"cpu-shares", &ResourceOptions::cpu_shares},
    Key{"cpuset-cpus", &ResourceOptions::cpuset_cpus},
    Key{"cpuset-mems", &ResourceOptions::cpuset_mems},
};

[[noreturn]] void refuse_key(const std::string& text) {
  std::vector<std::string> names;
  names.reserve(kKeys.size());
  for (const auto& key : kKeys) names.emplace_back(key.name);
  base::UsageError error("--resource " + base::printable(text) + " is not known");
  const auto near = base::nearest_word(text.substr(0, text.find('=')), names);
  error.set_hint(near ? "did you mean " + *near + "?" : "use " + base::join(names, ", "));
  throw error;
}

std::int64_t parse_number(const std::string& option, const std::string& text, std::int64_t least) {
  if (text.empty()) return 0;
  const auto number = base::parse_i64(text);
  if (!number || (*number < least && *number != 0))
    refuse(option, text, "it must be a number from " + std::to_string(least));
  return *number;
}

/// "0-3,7", as the kernel takes it.
std::string parse_set(const std::string& option, const std::string& text) {
  for (const auto part : base::split(text, ',')) {
    if (text.empty()) break;
    const auto ends = base::split(part, '-');
    const auto first = base::parse_u64(ends.front());
    const auto last = base::parse_u64(ends.back());
    if (ends.size() > 2 || !first || !last || *first > *last)
      refuse(option, text, "write it as 0-3,7");
  }
  return text;
}

void take_memory(const ResourceOptions& options, sandbox::ResourceLimits& limits) {
  if (!options.memory.empty()) limits.memory_bytes = parse_byte_size("--memory", options.memory);
  if (limits.memory_bytes > 0 && limits.memory_bytes < kLeastMemory)
    refuse("--memory", options.memory, "no process starts in less than 6m");
  if (options.memory_swap.empty()) return;
  const std::string option = "--memory-swap";
  if (limits.memory_bytes == 0) refuse(option, options.memory_swap, "it needs --memory");
  if (options.memory_swap == "-1") {
    limits.memory_and_swap_bytes = -1;
    return;
  }
  limits.memory_and_swap_bytes =
      static_cast<std::int64_t>(parse_byte_size(option, options.memory_swap));
  if (static_cast<std::uint64_t>(limits.memory_and_swap_bytes) < limits.memory_bytes)
    refuse(option, options.memory_swap, "it counts memory and swap, and is less than --memory");
}

std::string take_parent(const std::string& text) {
  if (text.empty()) return "";
  for (const auto name : base::split(text, '/')) {
    if (name == "..") refuse("--cgroup-parent", text, "it must not hold \"..\"");
  }
  const auto path = base::RelPath::clean(text);
  if (path.is_root()) refuse("--cgroup-parent", text, "it names no cgroup");
  return path.absolute();
}

}  // namespace

void ResourceOptions::add_to(OptionParser& parser) {
  parser.value("-m,--memory", "SIZE", memory, "Memory that a step may use");
  parser.value("--memory-swap", "SIZE", memory_swap, "Memory and swap together; -1: any swap");
  parser.value("--cpu-period", "MICROSECONDS", cpu_period, "Period of --cpu-quota");
  parser.value("--cpu-quota", "MICROSECONDS", cpu_quota,
               "Processor time that a step gets in each period (of 100000)");
  parser.value("-c,--cpu-shares", "NUMBER", cpu_shares, "Weight of a step against others (1024)");
  parser.value("--cpuset-cpus", "LIST", cpuset_cpus, "Processors for steps, as 0-3,7");
  parser.value("--cpuset-mems", "LIST", cpuset_mems, "Memory nodes for steps");
  parser.list("--resource", "KEY=VALUE", resources,
              "The same by one option: memory, memory-swap, cpu-period, cpu-quota, cpu-shares, "
              "cpuset-cpus or cpuset-mems");
  parser.value("--cgroup-parent", "CGROUP", cgroup_parent,
               "Cgroup below which those of steps are made");
}

ResourceOptions ResourceOptions::resolved() const {
  ResourceOptions result = *this;
  for (const auto& text : resources) {
    const std::string_view written = text;
    const auto equals = written.find('=');
    if (equals == std::string_view::npos) refuse("--resource", text, "write it as memory=2g");
    const auto* const known =
        std::ranges::find(kKeys, base::trim(written.substr(0, equals)), &Key::name);
    if (known == kKeys.end()) refuse_key(text);
    result.*known->value = base::trim(written.substr(equals + 1));
  }
  result.resources.clear();
  return result;
}

sandbox::ResourceLimits ResourceOptions::limits() const {
  if (!resources.empty()) return resolved().limits();
  sandbox::ResourceLimits limits;
  take_memory(*this, limits);
  limits.cpu_period_us = static_cast<std::uint64_t>(parse_number("--cpu-period", cpu_period, 1000));
  limits.cpu_quota_us = cpu_quota == "-1" ? -1 : parse_number("--cpu-quota", cpu_quota, 1000);
  limits.cpu_shares = static_cast<std::uint64_t>(parse_number("--cpu-shares", cpu_shares, 2));
  limits.cpuset_cpus = parse_set("--cpuset-cpus", cpuset_cpus);
  limits.cpuset_mems = parse_set("--cpuset-mems", cpuset_mems);
  limits.cgroup_parent = take_parent(cgroup_parent);
  return limits;
}

}  // namespace ibuild::cli
