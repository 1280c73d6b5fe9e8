#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "parser/expansion.h"

namespace ibuild::parser {

/// What `expansion` makes with an Expander over `known`. `report` gets the names that it met unset,
/// also when it ends in a fault, as far as it came.
template <typename Expansion, typename Report>
auto expand_and_report(char escape, const VariableLookup& known, const Expansion& expansion,
                       const Report& report) {
  std::set<std::string> unset;
  const Expander expander(escape, [&](std::string_view name) {
    auto value = known(name);
    if (!value) unset.emplace(name);
    return value;
  });
  try {
    auto result = expansion(expander);
    report(unset);
    return result;
  } catch (const base::UsageError&) {
    report(unset);
    throw;
  }
}

}  // namespace ibuild::parser
