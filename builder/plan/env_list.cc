#include "builder/plan/env_list.h"

#include <algorithm>

namespace ibuild::builder {

void EnvList::set(std::string_view name, std::string_view value) {
  auto item = items_.find(name);
  if (item == items_.end()) item = items_.emplace(name, Item{}).first;
  item->second = {std::string(value), next_++};
}

void EnvList::erase(std::string_view name) {
  const auto item = items_.find(name);
  if (item != items_.end()) items_.erase(item);
}

std::optional<std::string> EnvList::get(std::string_view name) const {
  const auto item = items_.find(name);
  if (item == items_.end()) return std::nullopt;
  return item->second.value;
}

EnvList::Items EnvList::items() const {
  std::vector<decltype(items_)::const_iterator> sorted;
  sorted.reserve(items_.size());
  for (auto item = items_.begin(); item != items_.end(); ++item) sorted.push_back(item);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a->second.order < b->second.order; });
  Items items;
  items.reserve(sorted.size());
  for (const auto& item : sorted) items.emplace_back(item->first, item->second.value);
  return items;
}

std::vector<std::string> EnvList::names() const {
  std::vector<std::string> names;
  for (auto& [name, value] : items()) names.push_back(std::move(name));
  return names;
}

std::vector<std::string> EnvList::to_strings() const {
  std::vector<std::string> texts;
  for (const auto& [name, value] : items()) texts.push_back(name + "=" + value);
  return texts;
}

std::pair<std::string, std::string> split_env(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

}  // namespace ibuild::builder
