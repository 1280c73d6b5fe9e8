#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/plan/shared_map.h"

namespace ibuild::builder {

/// An ordered environment. Setting a name again moves it to the end, as BuildKit orders a step's
/// environment. Copies share what they have in common.
class EnvList {
 public:
  using Items = std::vector<std::pair<std::string, std::string>>;

  void set(std::string_view name, std::string_view value);
  void erase(std::string_view name);
  std::optional<std::string> get(std::string_view name) const;
  bool has(std::string_view name) const { return items_.contains(name); }
  /// In their order.
  Items items() const;
  /// Those that were set since this was a copy of `before`, in their order.
  Items items_since(const EnvList& before) const;
  std::vector<std::string> names() const;
  /// "NAME=value" each.
  std::vector<std::string> to_strings() const;
  /// The same items in the same order.
  bool operator==(const EnvList& other) const;

 private:
  struct Item {
    std::string value;
    std::size_t order = 0;  // of two the one set later has the higher
  };
  class Sorter;

  SharedMap<Item> items_;
  std::size_t next_ = 0;
};

/// "NAME=value".
std::string join_env(const std::string& name, const std::string& value);
/// Cuts "NAME=value"; a text without '=' is a name with an empty value.
std::pair<std::string, std::string> split_env(std::string_view text);

}  // namespace ibuild::builder
