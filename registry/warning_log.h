#pragma once

#include <set>
#include <string>

#include "base/synchronized.h"
#include "registry/registry_client.h"

namespace ibuild::registry {

/// Shows each thing once. Thread: any.
class WarningLog {
 public:
  explicit WarningLog(WarningSink sink) : sink_(std::move(sink)) {}

  /// Shows `text` unless something with this key was shown before.
  void show(const std::string& key, const std::string& text);
  void show(const std::string& text) { show(text, text); }

 private:
  WarningSink sink_;
  base::Synchronized<std::set<std::string>> shown_;
};

/// The text of a Warning field with code 299 (distribution-spec "Warnings"); empty for others.
std::string warning_text(const std::string& field_value);

}  // namespace ibuild::registry
