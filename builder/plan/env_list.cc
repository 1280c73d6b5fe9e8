#include "builder/plan/env_list.h"

#include <algorithm>

namespace ibuild::builder {

EnvList::Items::const_iterator EnvList::find(std::string_view name) const {
  return std::find_if(items_.begin(), items_.end(),
                      [&](const auto& item) { return item.first == name; });
}

void EnvList::set(std::string_view name, std::string_view value) {
  std::pair<std::string, std::string> item{name, value};
  if (const auto old = find(name); old != items_.end()) items_.erase(old);
  items_.push_back(std::move(item));
}

std::optional<std::string> EnvList::get(std::string_view name) const {
  const auto item = find(name);
  if (item == items_.end()) return std::nullopt;
  return item->second;
}

std::vector<std::string> EnvList::names() const {
  std::vector<std::string> names;
  names.reserve(items_.size());
  for (const auto& [name, value] : items_) names.push_back(name);
  return names;
}

std::vector<std::string> EnvList::to_strings() const {
  std::vector<std::string> texts;
  texts.reserve(items_.size());
  for (const auto& [name, value] : items_) texts.push_back(name + "=" + value);
  return texts;
}

std::pair<std::string, std::string> split_env(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

}  // namespace ibuild::builder
