#include "builder/plan/scan_args.h"

#include <algorithm>

#include "base/go_values.h"
#include "base/text.h"

namespace ibuild::builder {

namespace {

bool is_meant(const std::string& value, const std::string& stage) {
  if (const auto truth = base::parse_go_bool(value)) return *truth;
  const auto names = base::split(value, ',');
  return std::ranges::any_of(
      names, [&](std::string_view name) { return !name.empty() && base::iequals(name, stage); });
}

}  // namespace

bool is_scan_arg(std::string_view name) {
  return name == scan_arg::kStage || name == scan_arg::kContext;
}

void apply_scan_arg(std::string_view name, const std::string& value, StageState& state) {
  (name == scan_arg::kStage ? state.scan_stage : state.scan_context) =
      is_meant(value, state.shown_name);
}

}  // namespace ibuild::builder
