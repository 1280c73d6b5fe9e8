#include "builder/context/named_contexts.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "image/reference.h"

namespace ibuild::builder {
namespace {

constexpr std::string_view kPlatformMark = "::";

/// As BuildKit keeps names: in the short form, without ":latest".
std::string normal_name(const std::string& name) {
  auto text = image::parse_reference(name).familiar();
  constexpr std::string_view kLatest = ":latest";
  if (text.ends_with(kLatest)) text.resize(text.size() - kLatest.size());
  return text;
}

std::string qualified(const std::string& name, const image::Platform& platform) {
  return name + std::string(kPlatformMark) + image::normalize(platform).str();
}

}  // namespace

void NamedContexts::add(const std::string& name, ContextSpec spec) {
  const auto mark = name.find(kPlatformMark);
  std::string key;
  try {
    key = normal_name(name.substr(0, mark));
    if (mark != std::string::npos)
      key = qualified(key, image::parse_platform(name.substr(mark + kPlatformMark.size())));
  } catch (base::UsageError& error) {
    error.add_context("the name of the build context " + base::printable(name));
    throw;
  }
  specs_.insert_or_assign(std::move(key), std::move(spec));
}

std::vector<std::string> NamedContexts::names() const {
  std::vector<std::string> names;
  names.reserve(specs_.size());
  for (const auto& [name, spec] : specs_) names.push_back(name);
  return names;
}

std::optional<std::string> NamedContexts::find(const std::string& name,
                                               const image::Platform& platform) const {
  if (specs_.empty() || base::iequals(name, "scratch") || base::iequals(name, "context"))
    return std::nullopt;
  std::string key;
  try {
    key = normal_name(name);
  } catch (const base::UsageError&) {
    return std::nullopt;  // no name that a context can have
  }
  for (const std::string& candidate : {qualified(key, platform), key}) {
    if (specs_.contains(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace ibuild::builder
