#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/build.h"

namespace ibuild::builder {

/// The attributes of one `-o`, read by type. Every reader throws base::UsageError that names the
/// attribute and what it takes.
class OutputAttributes {
 public:
  explicit OutputAttributes(const OutputSpec& output) : output_(output) {}

  /// Refuses every attribute that is not named here, with the nearest one as a hint.
  void allow_only(std::initializer_list<std::string_view> names) const;
  /// As allow_only, with the attributes of the layers' form (compression, oci-mediatypes, …)
  /// allowed as well.
  void allow_layer_format_and(std::initializer_list<std::string_view> names) const;

  std::optional<std::string> text(std::string_view name) const;
  std::string required_text(std::string_view name) const;
  bool flag(std::string_view name, bool otherwise) const;
  std::optional<int> number(std::string_view name) const;

 private:
  void refuse_unknown(const std::vector<std::string>& known) const;
  const OutputSpec& output_;
};

}  // namespace ibuild::builder
