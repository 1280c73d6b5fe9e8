#include "builder/source_lock.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

namespace ibuild::builder {

namespace {

using Json = nlohmann::ordered_json;
using Kind = SourceLock::Kind;

constexpr int kVersion = 1;

struct Section {
  Kind kind;
  const char* name;
};
constexpr std::array<Section, 3> kSections = {
    {{Kind::image, "images"}, {Kind::file, "files"}, {Kind::git, "git"}}};

bool is_version(Kind kind, const std::string& text) {
  if (kind != Kind::git) return base::Digest::try_parse(text).has_value();
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

SourceLock::SourceLock(std::string_view text, std::string origin) : origin_(std::move(origin)) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("version") || !json["version"].is_number_integer()) {
    throw base::UsageError(origin_ + ": is no lock file of ibuild's");
  }
  if (json["version"] != kVersion) {
    throw base::UsageError(origin_ + ": version " + json["version"].dump() + " is not known");
  }
  auto versions = versions_.lock();
  for (const auto& section : kSections) {
    if (!json.contains(section.name)) continue;
    const Json& entries = json[section.name];
    if (!entries.is_object())
      throw base::UsageError(origin_ + ": \"" + section.name + "\" is no object");
    for (const auto& [name, version] : entries.items()) {
      if (!version.is_string() || !is_version(section.kind, version.get<std::string>())) {
        throw base::UsageError(origin_ + ": the version of " + base::printable(name) +
                               " is no digest");
      }
      versions->emplace(std::pair(section.kind, name), version.get<std::string>());
    }
  }
}

std::optional<std::string> SourceLock::pinned(Kind kind, const std::string& name) const {
  if (origin_.empty()) return std::nullopt;
  auto versions = versions_.lock();
  const auto found = versions->find(std::pair(kind, name));
  if (found != versions->end()) return found->second;
  base::Error error(base::printable(name) + " is not in " + origin_);
  error.set_hint("`ibuild lock` writes down all that a build takes from outside");
  throw error;
}

void SourceLock::note(Kind kind, const std::string& name, const std::string& version) {
  if (origin_.empty()) versions_.lock()->insert_or_assign(std::pair(kind, name), version);
}

std::string SourceLock::to_json() const {
  Json json = {{"version", kVersion}};
  auto versions = versions_.lock();
  for (const auto& section : kSections) {
    Json entries = Json::object();
    for (const auto& [key, version] : *versions) {
      if (key.first == section.kind) entries[key.second] = version;
    }
    if (!entries.empty()) json[section.name] = std::move(entries);
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ibuild::builder
