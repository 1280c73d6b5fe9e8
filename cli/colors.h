#pragma once

#include <string>
#include <string_view>

namespace ibuild::cli {

/// The escape sequences that progress on a terminal is coloured with; empty ones for no colour.
struct Palette {
  std::string run = "\x1b[34m";  // what is done
  std::string cancel = "\x1b[33m";
  std::string error = "\x1b[31m";
  std::string warning = "\x1b[33m";
  std::string reset = "\x1b[0m";

  /// NO_COLOR (https://no-color.org) takes all colours away, BUILDKIT_COLORS changes them.
  static Palette from_environment();
};

/// "run=green:error=255,0,0" laid over a palette. What cannot be read changes nothing.
Palette with_colors(Palette palette, std::string_view text);

}  // namespace ibuild::cli
