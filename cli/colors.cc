#include "cli/colors.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/text.h"

namespace ibuild::cli {

namespace {

/// See: ECMA-48 8.3.117 (SGR); 9x are the bright ones of aixterm.
constexpr std::array<std::pair<std::string_view, int>, 17> kNames = {{
    {"default", 39},
    {"black", 30},
    {"red", 31},
    {"green", 32},
    {"yellow", 33},
    {"blue", 34},
    {"magenta", 35},
    {"cyan", 36},
    {"white", 37},
    {"light-black", 90},
    {"light-red", 91},
    {"light-green", 92},
    {"light-yellow", 93},
    {"light-blue", 94},
    {"light-magenta", 95},
    {"light-cyan", 96},
    {"light-white", 97},
}};

std::optional<std::string> rgb(std::string_view text) {
  const auto parts = base::split(text, ',');
  if (parts.size() != 3) return std::nullopt;
  std::string sequence = "\x1b[38;2";
  for (const auto part : parts) {
    const auto value = base::parse_u64(part);
    if (!value || *value > 255) return std::nullopt;
    sequence += fmt::format(";{}", *value);
  }
  return sequence + "m";
}

std::optional<std::string> color_of(std::string_view text) {
  const std::string lower = base::to_lower(text);
  for (const auto& [name, number] : kNames) {
    if (name == lower) return fmt::format("\x1b[{}m", number);
  }
  return rgb(text);
}

}  // namespace

Palette with_colors(Palette palette, std::string_view text) {
  for (const auto field : base::split(text, ':')) {
    const auto equals = field.find('=');
    if (equals == std::string_view::npos) continue;
    const auto color = color_of(field.substr(equals + 1));
    if (!color) continue;
    const std::string key = base::to_lower(field.substr(0, equals));
    if (key == "run") palette.run = *color;
    if (key == "cancel") palette.cancel = *color;
    if (key == "error") palette.error = *color;
    if (key == "warning") palette.warning = *color;
  }
  return palette;
}

Palette Palette::from_environment() {
  const char* none = std::getenv("NO_COLOR");
  if (none != nullptr && *none != '\0') return {"", "", "", "", ""};
  const char* colors = std::getenv("BUILDKIT_COLORS");
  return with_colors({}, colors == nullptr ? "" : colors);
}

}  // namespace ibuild::cli
