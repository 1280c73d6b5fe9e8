#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/plan/env_list.h"
#include "builder/plan/shared_map.h"

namespace ibuild::builder {

/// The names that the ARGs of a stage declare, in the order of their first ARG. Copies share what
/// they have in common.
class ArgNames {
 public:
  bool has(std::string_view name) const { return places_.contains(name); }
  void add(std::string_view name);
  std::size_t size() const { return places_.size(); }
  /// In their order.
  std::vector<std::string> list() const;
  bool operator==(const ArgNames& other) const {
    return places_.is_same(other.places_) || list() == other.list();
  }

 private:
  SharedMap<std::size_t> places_;
};

/// The ARGs of a stage, and how they stand in the history of its RUNs.
class DeclaredArgs {
 public:
  const ArgNames& names() const { return names_; }
  /// The last value that an ARG gave the name counts where the environment has none.
  void declare(const std::string& name, const std::optional<std::string>& value,
               const EnvList& env);
  /// To be called for every variable that ENV sets.
  void note_changed(std::string_view name);
  /// "A=1 B=2 " with the values that they have in `env`: the same that declare() saw, as it is now.
  const std::string& text(const EnvList& env);

 private:
  std::string pair(const std::string& name, const EnvList& env) const;

  ArgNames names_;
  SharedMap<std::optional<std::string>> values_;
  std::string text_;  // of all, unless is_stale_: ARGs and RUNs may come by the thousand
  bool is_stale_ = false;
};

}  // namespace ibuild::builder
