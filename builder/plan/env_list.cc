#include "builder/plan/env_list.h"

#include <algorithm>
#include <functional>

namespace ibuild::builder {

void EnvList::set(std::string_view name, std::string_view value) {
  items_.set(name, {std::string(value), next_++});
}

void EnvList::erase(std::string_view name) {
  if (!has(name)) return;
  SharedMap<Item> kept;
  items_.for_each([&](const std::string& other, const Item& item) {
    if (other != name) kept.set(other, item);
  });
  items_ = std::move(kept);
}

std::optional<std::string> EnvList::get(std::string_view name) const {
  const auto* item = items_.find(name);
  if (item == nullptr) return std::nullopt;
  return item->value;
}

/// Takes items by name and gives them in their order.
class EnvList::Sorter {
 public:
  void operator()(const std::string& name, const Item& item) {
    places_.push_back({item.order, &name, &item.value});
  }
  Items sorted() {
    std::sort(places_.begin(), places_.end(),
              [](const Place& a, const Place& b) { return a.order < b.order; });
    Items items;
    items.reserve(places_.size());
    for (const auto& place : places_) items.emplace_back(*place.name, *place.value);
    return items;
  }

 private:
  struct Place {
    std::size_t order;
    const std::string* name;
    const std::string* value;
  };
  std::vector<Place> places_;
};

EnvList::Items EnvList::items() const {
  Sorter sorter;
  items_.for_each(std::ref(sorter));
  return sorter.sorted();
}

EnvList::Items EnvList::items_since(const EnvList& before) const {
  Sorter sorter;
  items_.for_each_since(before.items_, std::ref(sorter));
  return sorter.sorted();
}

bool EnvList::operator==(const EnvList& other) const {
  if (items_.is_same(other.items_)) return true;
  return items_.size() == other.items_.size() && items() == other.items();
}

std::vector<std::string> EnvList::names() const {
  std::vector<std::string> names;
  for (auto& [name, value] : items()) names.push_back(std::move(name));
  return names;
}

std::vector<std::string> EnvList::to_strings() const {
  std::vector<std::string> texts;
  const auto items = this->items();
  texts.reserve(items.size());
  for (const auto& [name, value] : items) texts.push_back(join_env(name, value));
  return texts;
}

std::string join_env(const std::string& name, const std::string& value) {
  return name + "=" + value;
}

std::pair<std::string, std::string> split_env(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

}  // namespace ibuild::builder
