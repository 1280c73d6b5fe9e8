#include "builder/cache/miss_reason.h"

#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "layers/layer_entry.h"

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

std::string arrow(const std::string& before, const std::string& now) {
  return shown(before) + " → " + shown(now);
}

/// How one file differs, by its fingerprint "file 0644 0:0 sha256:…": only the mode or the owner,
/// or more than that.
std::string file_change(const std::string& what, std::string_view before, std::string_view now) {
  const auto old_parts = base::split(before, ' ');
  const auto new_parts = base::split(now, ' ');
  if (old_parts.size() != new_parts.size() || old_parts.size() < 3) return what + " changed";
  const auto only = [&](std::size_t part) {
    for (std::size_t i = 0; i < old_parts.size(); ++i) {
      if ((old_parts[i] == new_parts[i]) == (i == part)) return false;
    }
    return true;
  };
  const auto parts = [&](std::size_t i) {
    return arrow(std::string(old_parts[i]), std::string(new_parts[i]));
  };
  if (only(1)) return what + ": mode " + parts(1);
  if (only(2)) return what + ": owner " + parts(2);
  return what + " changed";
}

/// Some of the files that differ: how many, and how the first of them by name does.
class Differences {
 public:
  template <typename Say>
  void add(std::string_view name, const Say& say) {
    if (count_++ > 0 && first_name_.compare(name) <= 0) return;
    first_name_ = name;
    first_ = say(base::printable(name));
  }
  std::size_t count() const { return count_; }
  const std::string& first() const { return first_; }

 private:
  std::size_t count_ = 0;
  std::string first_name_;
  std::string first_;
};

/// What is different about the files of a key, found while those of before are read beside those of
/// now: both come in walk order.
class FileChanges {
 public:
  explicit FileChanges(IngredientReader& before) : before_(before), former_(before.next_file()) {
    has_former_ = former_.has_value();
  }

  void see(std::string_view path, std::string_view fingerprint) {
    has_present_ = true;
    while (former_ && layers::compare_walk_order(former_->path, path) < 0) lose_former();
    if (!former_ || former_->path != path)
      return present_.add(path, [](const std::string& file) { return file + " is new"; });
    if (former_->fingerprint != fingerprint) {
      present_.add(path, [&](const std::string& file) {
        return file_change(file, former_->fingerprint, fingerprint);
      });
    }
    former_ = before_.next_file();
  }

  /// "src/app.py changed and 2 more": those that are gone are named last. None when the files are
  /// not known, before or now.
  std::optional<std::string> finish() {
    while (former_) lose_former();
    const auto count = present_.count() + gone_.count();
    if (!has_former_ || !has_present_ || count == 0) return std::nullopt;
    const auto& first = present_.count() > 0 ? present_.first() : gone_.first();
    return count == 1 ? first : first + " and " + std::to_string(count - 1) + " more";
  }

 private:
  void lose_former() {
    gone_.add(former_->path, [](const std::string& file) { return file + " is gone"; });
    former_ = before_.next_file();
  }

  IngredientReader& before_;
  std::optional<IngredientReader::File> former_;  // not yet passed
  bool has_former_ = false;
  bool has_present_ = false;
  Differences present_;  // changed or new
  Differences gone_;
};

/// What stands behind a digest.
std::optional<std::string> files_change(IngredientReader& before, const StepKey& now) {
  FileChanges changes(before);
  now.for_each_file([&](std::string_view path, std::string_view fingerprint) {
    changes.see(path, fingerprint);
    return true;
  });
  return changes.finish();
}

/// Of a StepKey or an IngredientReader.
template <typename Key>
std::optional<std::string> detail(const Key& key, std::string_view name) {
  for (const auto& item : key.details()) {
    if (item.name == name) return item.value;
  }
  return std::nullopt;
}

/// "base docker.io/library/python:3.7 moved from sha256:… to sha256:…", when it did.
std::optional<std::string> base_change(const IngredientReader& before, const StepKey& now) {
  const auto old_base = detail(before, "base");
  const auto new_base = detail(now, "base");
  if (!old_base || !new_base || *old_base == *new_base) return std::nullopt;
  const auto old_at = old_base->rfind('@');
  const auto new_at = new_base->rfind('@');
  const auto old_name = old_base->substr(0, old_at);
  const auto new_name = new_base->substr(0, new_at);
  if (old_name != new_name || old_at == std::string::npos || new_at == std::string::npos)
    return "base changed from " + base::printable(*old_base) + " to " + base::printable(*new_base);
  return "base " + base::printable(new_name) + " moved from " +
         base::printable(old_base->substr(old_at + 1)) + " to " +
         base::printable(new_base->substr(new_at + 1));
}

std::string parent_change(const IngredientReader& before, const StepKey& now) {
  if (const auto base = base_change(before, now)) return *base;
  const auto old_parent = detail(before, "parent step");
  const auto new_parent = detail(now, "parent step");
  if (old_parent && new_parent && *old_parent != *new_parent)
    return "it stands on " + shown(*new_parent) + " now, before on " + shown(*old_parent);
  if (new_parent) return "the step before it changed: " + shown(*new_parent);
  return "the step before it changed";
}

std::string operation_change(const IngredientReader& before) {
  const auto instruction = detail(before, "step");
  return "the instruction changed" + (instruction ? ", it was " + shown(*instruction) : "");
}

/// "env NAME" as people know it.
std::string variable(const IngredientReader& before, const StepKey& now, const std::string& name) {
  const bool is_arg = detail(before, "arg " + name) || detail(now, "arg " + name);
  return (is_arg ? "build-arg " : "env ") + base::printable(name);
}

std::string ingredient_change(IngredientReader& before, const StepKey& now, const std::string& name,
                              const std::optional<std::string>& old_value,
                              const std::optional<std::string>& new_value) {
  if (name == "parent") return parent_change(before, now);
  if (name == "op") return operation_change(before);
  if (name == "files" || name == "source" || name.starts_with("mount ")) {
    if (const auto files = files_change(before, now)) return *files;
    return name == "source" ? "the stage it copies from changed" : "its files changed";
  }
  if (name.starts_with("url ") || name.starts_with("git "))
    return files_change(before, now).value_or("source " + name.substr(4) + " changed");
  const std::string what =
      name.starts_with("env ") ? variable(before, now, name.substr(4)) : base::printable(name);
  if (!old_value || !new_value) return change(what, old_value, new_value);
  return what + " " + arrow(*old_value, *new_value);
}

std::string first_difference(IngredientReader& before, const StepKey& now) {
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
  return "no result of it is there: it failed, or its record was removed";
}

}  // namespace

std::optional<std::string> miss_reason(IngredientReader& before, const StepKey& now) {
  auto reason = first_difference(before, now);
  if (before.is_damaged()) return std::nullopt;
  return reason;
}

}  // namespace ibuild::builder
