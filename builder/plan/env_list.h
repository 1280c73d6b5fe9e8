#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ibuild::builder {

/// An ordered environment. Setting a name again moves it to the end, as BuildKit orders a step's
/// environment.
class EnvList {
 public:
  void set(std::string_view name, std::string_view value);
  std::optional<std::string> get(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != items_.end(); }
  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }
  std::vector<std::string> names() const;
  /// "NAME=value" each.
  std::vector<std::string> to_strings() const;

 private:
  using Items = std::vector<std::pair<std::string, std::string>>;
  Items::const_iterator find(std::string_view name) const;
  Items items_;
};

/// Cuts "NAME=value"; a text without '=' is a name with an empty value.
std::pair<std::string, std::string> split_env(std::string_view text);

}  // namespace ibuild::builder
