// RUN, CMD, ENTRYPOINT, SHELL and HEALTHCHECK.
#include <cstdint>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "parser/device.h"
#include "parser/flag_set.h"
#include "parser/instruction_builder.h"
#include "parser/mount.h"

namespace ibuild::parser {

namespace {

/// The shell form's one text may be empty: "RUN" alone runs the shell on nothing.
CommandLine build_command(const AstNode& node, std::size_t first_word) {
  CommandLine command;
  command.is_exec = node.json;
  command.words.assign(node.words.begin() + static_cast<std::ptrdiff_t>(first_word),
                       node.words.end());
  if (!node.json) command.words = {base::join(command.words, " ")};
  return command;
}

/// Calls a check that knows no place in the file, and gives its fault one.
template <typename Check>
void check_flags(const AstNode& node, std::string_view flag, std::string code, Check check) {
  for (std::size_t i = 0; i < node.flags.size(); ++i) {
    const std::string& written = node.flags[i];
    if (!written.starts_with(flag)) continue;
    try {
      check(std::string_view(written).substr(flag.size()));
    } catch (const base::UsageError& error) {
      DockerfileError located(std::move(code), node.flag_ranges[i], error.what());
      located.set_hint(error.hint());
      throw located;
    }
  }
}

void check_choice(const AstNode& node, std::string_view flag, std::span<const std::string> choices,
                  const std::string& what) {
  check_flags(node, flag, "invalid-flag-value", [&](std::string_view value) {
    for (const std::string& choice : choices) {
      if (choice == value) return;
    }
    base::UsageError error("invalid " + what + " \"" + base::printable(value) + "\"");
    const auto near = base::nearest_word(value, choices);
    error.set_hint(near ? "did you mean " + *near + "?"
                        : "it must be " + base::join(choices, ", "));
    throw error;
  });
}

void set_duration(const AstNode& node, const std::string& flag,
                  const std::optional<std::string>& value, std::chrono::nanoseconds& target) {
  if (!value || value->empty()) return;
  check_flags(node, "--" + flag + "=", "invalid-healthcheck", [&](std::string_view text) {
    const auto duration = base::parse_go_duration(text);
    if (!duration) {
      throw base::UsageError("invalid duration \"" + base::printable(text) +
                             "\": it must look like 30s, 1m30s or 500ms");
    }
    if (duration->count() != 0 && *duration < std::chrono::milliseconds(1)) {
      throw base::UsageError("interval \"" + flag + "\" cannot be less than 1ms");
    }
    target = *duration;
  });
}

void set_retries(const AstNode& node, const std::optional<std::string>& value,
                 std::int64_t& target) {
  if (!value || value->empty()) return;
  check_flags(node, "--retries=", "invalid-healthcheck", [&](std::string_view text) {
    const auto number = base::parse_i64(text.starts_with('+') ? text.substr(1) : text);
    if (!number || *number > std::numeric_limits<std::int32_t>::max()) {
      throw base::UsageError("invalid number of retries: " + base::printable(text));
    }
    if (*number < 0) {
      throw base::UsageError("--retries cannot be negative (" + std::string(text) + ")");
    }
    target = *number;
  });
}

/// The values of --mount, with their places.
std::vector<WrittenMount> written_mounts(const AstNode& node) {
  constexpr std::string_view kFlag = "--mount=";
  std::vector<WrittenMount> mounts;
  for (std::size_t i = 0; i < node.flags.size(); ++i) {
    if (!node.flags[i].starts_with(kFlag)) continue;
    mounts.push_back({node.flags[i].substr(kFlag.size()), node.flag_ranges[i]});
    try {
      check_mount(mounts.back().text);
    } catch (const base::UsageError& error) {
      const auto place = place_of_fault(error, mounts.back(), node.range);
      DockerfileError located("invalid-mount", place, error.what());
      located.set_hint(error.hint());
      throw located;
    }
  }
  return mounts;
}

}  // namespace

Run build_run(const AstNode& node) {
  Run run;
  std::optional<std::string> network, security;
  FlagSet flags;
  std::vector<std::string> mounts;
  flags.add_list("mount", mounts);
  flags.add_text("network", network);
  flags.add_text("security", security);
  flags.add_list("device", run.devices);
  flags.parse(node);
  run.mounts = written_mounts(node);
  check_flags(node, "--device=", "invalid-device", [](std::string_view csv) { parse_device(csv); });
  check_choice(node, "--network=", std::vector<std::string>{"default", "none", "host"},
               "network mode");
  check_choice(node, "--security=", std::vector<std::string>{"sandbox", "insecure"},
               "security mode");
  if (network) run.network = *network;
  if (security) run.security = *security;
  run.command = build_command(node, 0);
  run.command.heredocs = node.heredocs;
  return run;
}

Cmd build_cmd(const AstNode& node) {
  refuse_flags(node);
  return {build_command(node, 0)};
}

Entrypoint build_entrypoint(const AstNode& node) {
  refuse_flags(node);
  return {build_command(node, 0)};
}

Shell build_shell(const AstNode& node) {
  refuse_flags(node);
  need_some_arguments(node, "SHELL");
  if (!node.json) {
    throw DockerfileError("json-required", node.range,
                          "SHELL requires the arguments to be in JSON form");
  }
  return {node.words};
}

Healthcheck build_healthcheck(const AstNode& node) {
  need_some_arguments(node, "HEALTHCHECK");
  Healthcheck health;
  if (base::iequals(node.words[0], "NONE")) {
    if (node.words.size() > 1) fail_count(node, "HEALTHCHECK NONE takes no arguments");
    health.none = true;
    return health;
  }
  std::optional<std::string> interval, timeout, start_period, start_interval, retries;
  FlagSet flags;
  flags.add_text("interval", interval);
  flags.add_text("timeout", timeout);
  flags.add_text("start-period", start_period);
  flags.add_text("start-interval", start_interval);
  flags.add_text("retries", retries);
  flags.parse(node);
  if (!base::iequals(node.words[0], "CMD")) {
    throw DockerfileError(
        "invalid-healthcheck", node.word_ranges[0],
        "unknown type \"" + base::printable(node.words[0]) + "\" in HEALTHCHECK (try CMD)");
  }
  if (node.words.size() == 1) fail_count(node, "missing command after HEALTHCHECK CMD");
  health.command = build_command(node, 1);
  set_duration(node, "interval", interval, health.interval);
  set_duration(node, "timeout", timeout, health.timeout);
  set_duration(node, "start-period", start_period, health.start_period);
  set_duration(node, "start-interval", start_interval, health.start_interval);
  set_retries(node, retries, health.retries);
  return health;
}

}  // namespace ibuild::parser
