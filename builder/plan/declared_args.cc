#include "builder/plan/declared_args.h"

namespace ibuild::builder {

void ArgNames::add(std::string_view name) {
  if (!has(name)) places_.set(name, places_.size());
}

std::vector<std::string> ArgNames::list() const {
  std::vector<std::string> names(places_.size());
  places_.for_each([&](const std::string& name, std::size_t place) { names[place] = name; });
  return names;
}

void DeclaredArgs::declare(const std::string& name, const std::optional<std::string>& value,
                           const EnvList& env) {
  const bool is_new = !names_.has(name);
  names_.add(name);
  values_.set(name, value);
  if (is_new && !is_stale_) {
    text_ += pair(name, env);
  } else {
    is_stale_ = true;
  }
}

void DeclaredArgs::note_changed(std::string_view name) {
  if (names_.has(name)) is_stale_ = true;
}

const std::string& DeclaredArgs::text(const EnvList& env) {
  if (is_stale_) {
    text_.clear();
    for (const auto& name : names_.list()) text_ += pair(name, env);
    is_stale_ = false;
  }
  return text_;
}

std::string DeclaredArgs::pair(const std::string& name, const EnvList& env) const {
  const auto* declared = values_.find(name);
  const std::string value = declared != nullptr && *declared ? **declared : std::string();
  return name + "=" + env.get(name).value_or(value) + " ";
}

}  // namespace ibuild::builder
