#include "builder/cache/miss_reason.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

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

constexpr std::string_view kFileKind = "file ";

/// The files that stood behind a digest before, each once. Lives no longer than the key: there may
/// be very many.
class FormerFiles {
 public:
  struct File {
    std::string_view name;
    std::string_view value;
    bool is_seen = false;
  };

  explicit FormerFiles(const StepKey& key) {
    for (const auto& item : key.details()) {
      if (item.name.starts_with(kFileKind))
        files_.push_back({item.name.substr(kFileKind.size()), item.value});
    }
    std::stable_sort(files_.begin(), files_.end(),
                     [](const File& a, const File& b) { return a.name < b.name; });
    const auto same_name = [](const File& a, const File& b) { return a.name == b.name; };
    files_.erase(std::unique(files_.begin(), files_.end(), same_name), files_.end());
  }

  /// Null: it was not there.
  File* find(std::string_view name) {
    const auto at = std::lower_bound(files_.begin(), files_.end(), name,
                                     [](const File& a, std::string_view b) { return a.name < b; });
    return at != files_.end() && at->name == name ? &*at : nullptr;
  }
  /// By name.
  const std::vector<File>& all() const { return files_; }

 private:
  std::vector<File> files_;
};

/// What is different about the files of a key.
class FileChanges {
 public:
  explicit FileChanges(FormerFiles& before) : before_(before) {}

  /// A file that is there now, in any order. Of one that is told twice the first counts.
  void see(std::string_view name, std::string_view value) {
    sees_any_ = true;
    auto* former = before_.find(name);
    if (former ? std::exchange(former->is_seen, true) : !new_names_.emplace(name).second) return;
    if (former && former->value == value) return;
    if (count_++ > 0 && first_name_ < name) return;
    first_name_ = name;
    const auto shown_name = base::printable(name);
    first_ = former ? file_change(shown_name, former->value, value) : shown_name + " is new";
  }

  /// None when the files are not known, before or now.
  std::optional<std::string> text() const {
    if (before_.all().empty() == sees_any_) return std::nullopt;
    std::optional<std::string> first = first_;
    std::size_t count = count_;
    for (const auto& file : before_.all()) {
      if (file.is_seen) continue;
      if (count++ == 0) first = base::printable(file.name) + " is gone";
    }
    if (count > 1) *first += " and " + std::to_string(count - 1) + " more";
    return first;
  }

 private:
  FormerFiles& before_;
  bool sees_any_ = false;
  std::set<std::string> new_names_;
  std::size_t count_ = 0;   // without those that are gone
  std::string first_name_;  // by name
  std::optional<std::string> first_;
};

std::optional<std::string> detail(const StepKey& key, std::string_view name) {
  for (const auto& item : key.details()) {
    if (item.name == name) return std::string(item.value);
  }
  return std::nullopt;
}

/// "src/app.py changed and 2 more files": what stands behind a digest.
std::optional<std::string> files_change(const StepKey& before, const StepKey& now) {
  FormerFiles former(before);
  FileChanges changes(former);
  now.for_each_detail([&](std::string_view name, std::string_view value) {
    if (name.starts_with(kFileKind)) changes.see(name.substr(kFileKind.size()), value);
    return true;
  });
  return changes.text();
}

/// "base docker.io/library/python:3.7 moved from sha256:… to sha256:…", when it did.
std::optional<std::string> base_change(const StepKey& before, const StepKey& now) {
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

std::string parent_change(const StepKey& before, const StepKey& now) {
  if (const auto base = base_change(before, now)) return *base;
  const auto old_parent = detail(before, "parent step");
  const auto new_parent = detail(now, "parent step");
  if (old_parent && new_parent && *old_parent != *new_parent)
    return "it stands on " + shown(*new_parent) + " now, before on " + shown(*old_parent);
  if (new_parent) return "the step before it changed: " + shown(*new_parent);
  return "the step before it changed";
}

std::string operation_change(const StepKey& before) {
  const auto instruction = detail(before, "step");
  return "the instruction changed" + (instruction ? ", it was " + shown(*instruction) : "");
}

/// "env NAME" as people know it.
std::string variable(const StepKey& before, const StepKey& now, const std::string& name) {
  const bool is_arg = detail(before, "arg " + name) || detail(now, "arg " + name);
  return (is_arg ? "build-arg " : "env ") + base::printable(name);
}

std::string ingredient_change(const StepKey& before, const StepKey& now, const std::string& name,
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
  return "no result of it is there: it failed, or its record was removed";
}

}  // namespace ibuild::builder
