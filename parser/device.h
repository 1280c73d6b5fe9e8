#pragma once

#include <string>
#include <string_view>

namespace ibuild::parser {

/// One `RUN --device=`: the name of a CDI device.
struct Device {
  std::string name;
  bool required = false;
  bool operator==(const Device&) const = default;
};

/// "vendor.com/class=name,required" or "name=vendor.com/class=name". Throws: base::UsageError.
Device parse_device(std::string_view csv);

}  // namespace ibuild::parser
