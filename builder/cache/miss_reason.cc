#include "builder/cache/miss_reason.h"

#include <map>
#include <optional>

#include "base/text.h"

namespace ibuild::builder {
namespace {

constexpr std::size_t kMaxShownBytes = 60;

std::string shown(const std::string& value) {
  std::string text = base::printable(value);
  if (text.size() > kMaxShownBytes) text = text.substr(0, kMaxShownBytes - 3) + "...";
  return text.empty() ? "\"\"" : text;
}

using ByName = std::map<std::string, std::string>;

ByName by_name(const std::vector<Ingredient>& list) {
  ByName map;
  for (const auto& item : list) map.emplace(item.name, item.value);
  return map;
}

std::string change(const std::string& what, const std::optional<std::string>& before,
                   const std::optional<std::string>& now) {
  if (!before) return what + " is new";
  if (!now) return what + " is gone";
  return what + " changed";
}

/// "file src/app.py" and so on: what stands behind a digest.
std::optional<std::string> detail_change(const StepKey& before, const StepKey& now,
                                         std::string_view kind) {
  const auto old_details = by_name(before.details());
  const auto new_details = by_name(now.details());
  const auto is_kind = [&](const std::string& name) { return name.starts_with(kind); };
  const auto what = [&](const std::string& name) {
    return base::printable(name.substr(kind.size()));
  };
  for (const auto& [name, value] : new_details) {
    if (!is_kind(name)) continue;
    const auto old = old_details.find(name);
    if (old == old_details.end()) return change(what(name), std::nullopt, value);
    if (old->second != value) return change(what(name), old->second, value);
  }
  for (const auto& [name, value] : old_details) {
    if (is_kind(name) && !new_details.contains(name))
      return change(what(name), value, std::nullopt);
  }
  return std::nullopt;
}

std::string parent_change(const StepKey& before, const StepKey& now) {
  const auto old_details = by_name(before.details());
  const auto new_details = by_name(now.details());
  const auto old_base = old_details.find("base");
  const auto new_base = new_details.find("base");
  if (old_base != old_details.end() && new_base != new_details.end() &&
      old_base->second != new_base->second) {
    return "base moved from " + old_base->second + " to " + new_base->second;
  }
  return "the step before it changed";
}

std::string ingredient_change(const StepKey& before, const StepKey& now, const std::string& name,
                              const std::optional<std::string>& old_value,
                              const std::optional<std::string>& new_value) {
  if (name == "parent") return parent_change(before, now);
  if (name == "files" || name == "source" || name.starts_with("mount ")) {
    if (const auto detail = detail_change(before, now, "file ")) return *detail;
    return name == "source" ? "the stage it copies from changed" : "its files changed";
  }
  if (name == "op") return "the instruction changed";
  const std::string what = name.starts_with("env ") ? name.substr(4) : name;
  if (!old_value || !new_value) return change(what, old_value, new_value);
  return what + " " + shown(*old_value) + " -> " + shown(*new_value);
}

}  // namespace

std::string miss_reason(const StepKey& before, const StepKey& now) {
  const auto old_values = by_name(before.ingredients());
  for (const auto& [name, value] : now.ingredients()) {
    const auto old = old_values.find(name);
    if (old == old_values.end()) return ingredient_change(before, now, name, std::nullopt, value);
    if (old->second != value) return ingredient_change(before, now, name, old->second, value);
  }
  const auto new_values = by_name(now.ingredients());
  for (const auto& [name, value] : before.ingredients()) {
    if (!new_values.contains(name))
      return ingredient_change(before, now, name, value, std::nullopt);
  }
  return "its record is gone";
}

}  // namespace ibuild::builder
