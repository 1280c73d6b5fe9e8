#pragma once

#include <cstddef>
#include <functional>
#include <map>
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
  using Items = std::vector<std::pair<std::string, std::string>>;

  void set(std::string_view name, std::string_view value);
  void erase(std::string_view name);
  std::optional<std::string> get(std::string_view name) const;
  bool has(std::string_view name) const { return items_.contains(name); }
  /// In their order.
  Items items() const;
  std::vector<std::string> names() const;
  /// "NAME=value" each.
  std::vector<std::string> to_strings() const;

 private:
  struct Item {
    std::string value;
    std::size_t order = 0;  // of two the one set later has the higher
  };
  std::map<std::string, Item, std::less<>> items_;
  std::size_t next_ = 0;
};

/// Cuts "NAME=value"; a text without '=' is a name with an empty value.
std::pair<std::string, std::string> split_env(std::string_view text);

}  // namespace ibuild::builder
