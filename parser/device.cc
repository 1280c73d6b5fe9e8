#include "parser/device.h"

#include <optional>
#include <vector>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "parser/csv_fields.h"

namespace ibuild::parser {

namespace {

/// A field of "required", "required=…" or "name=…"; false for any other.
bool read_option(const std::string& field, Device& device) {
  const auto equals = field.find('=');
  const std::string key = base::to_lower(std::string_view(field).substr(0, equals));
  const bool has_value = equals != std::string::npos;
  if (key == "required") {
    const std::optional<bool> value =
        has_value ? base::parse_go_bool(field.substr(equals + 1)) : true;
    if (!value) throw base::UsageError("invalid value for required: " + base::printable(field));
    device.required = *value;
    return true;
  }
  if (key != "name" || !has_value) return false;
  if (!device.name.empty()) {
    throw base::UsageError("device name already set to " + base::printable(device.name));
  }
  device.name = field.substr(equals + 1);
  return true;
}

}  // namespace

Device parse_device(std::string_view csv) {
  Device device;
  for (const std::string& field : split_csv(csv)) {
    if (read_option(field, device)) continue;
    if (!device.name.empty()) {
      throw base::UsageError("unexpected field '" + base::printable(field) + "' in a device");
    }
    device.name = field;
  }
  return device;
}

}  // namespace ibuild::parser
