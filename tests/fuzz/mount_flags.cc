// The values of flags: mounts, devices, modes, ports, signals, sizes, times, git references, check
// options.
#include <cstdint>
#include <string>

#include "base/byte_size.h"
#include "base/error.h"
#include "base/go_values.h"
#include "parser/chmod.h"
#include "parser/device.h"
#include "parser/git_reference.h"
#include "parser/json_strings.h"
#include "parser/lint_config.h"
#include "parser/mount.h"
#include "parser/port_spec.h"
#include "parser/stop_signal.h"

using namespace ibuild;

namespace {

void require(bool condition) {
  if (!condition) __builtin_trap();
}

template <typename Action>
void attempt(Action action) {
  try {
    action();
  } catch (const base::UsageError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  attempt([&] { parser::check_mount(text); });
  attempt([&] { parser::parse_mount(text, [](std::string_view v) { return std::string(v); }); });
  attempt([&] { parser::mount_from(text); });
  attempt([&] { parser::parse_device(text); });
  attempt([&] {
    const auto mode = parser::FileMode::parse(text);
    for (const std::uint32_t before : {0u, 0644u, 07777u}) {
      require(mode.apply(before, false) <= 07777 && mode.apply(before, true) <= 07777);
    }
  });
  attempt([&] {
    const auto range = parser::parse_port_range(text);
    require(range.first <= range.last && range.last <= 65535);
  });
  attempt([&] { require(parser::parse_signal(text) != 0); });
  attempt([&] { parser::parse_git_reference(text); });
  attempt([&] { parser::parse_lint_config(text); });
  parser::parse_json_strings(text);
  parser::find_json_string(text, "syntax");
  base::parse_go_duration(text);
  base::parse_byte_size(text);
  return 0;
}
