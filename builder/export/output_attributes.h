#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/build.h"

namespace ibuild::builder {

/// Whether certificates of the registry that an output or a cache names count; see
/// insecure_registries.
inline constexpr const char* kInsecureAttribute = "registry.insecure";

/// The attributes of one `-o`, `--cache-to` or `--cache-from`, read by type. Every reader throws
/// base::UsageError that names the attribute and what it takes.
class OutputAttributes {
 public:
  explicit OutputAttributes(const OutputSpec& output)
      : OutputAttributes("output type=" + output.type, output.attributes) {}
  /// `what` names the option in messages. `attributes` outlives this.
  OutputAttributes(std::string what, const std::map<std::string, std::string>& attributes)
      : what_(std::move(what)), attributes_(attributes) {}

  /// Refuses every attribute that is not named here, with the nearest one as a hint.
  void allow_only(std::initializer_list<std::string_view> names) const;
  /// As allow_only, with the attributes of the layers' form (compression, oci-mediatypes, …) and
  /// annotations allowed as well.
  void allow_layer_format_and(std::initializer_list<std::string_view> names) const;

  /// How messages begin.
  const std::string& what() const { return what_; }
  const std::map<std::string, std::string>& all() const { return attributes_; }
  std::optional<std::string> text(std::string_view name) const;
  std::string required_text(std::string_view name) const;
  bool flag(std::string_view name, bool otherwise) const;
  std::optional<int> number(std::string_view name) const;

 private:
  void refuse_unknown(const std::vector<std::string>& known) const;
  std::string shown(std::string_view name) const;
  std::string what_;
  const std::map<std::string, std::string>& attributes_;
};

}  // namespace ibuild::builder
