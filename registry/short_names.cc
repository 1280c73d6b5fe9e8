// The rules are those of pkg/shortnames and pkg/sysregistriesv2 of
// https://github.com/containers/image.
#include "registry/short_names.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "image/short_name.h"

namespace ibuild::registry {

namespace {

using image::ShortNameRule;

[[noreturn]] void refuse(const PlacedText& where, const std::string& what) {
  throw base::UsageError(where.file + ":" + std::to_string(where.line) + ": " + what);
}

std::string in_quotes(const std::string& text) { return "\"" + base::printable(text) + "\""; }

image::Reference parse_repository(const std::string& text, const std::string& what,
                                  const PlacedText& where) {
  image::Reference reference;
  try {
    reference = image::parse_reference(text, ShortNameRule::containers);
  } catch (const base::UsageError& error) {
    refuse(where, what + ": " + error.what());
  }
  if (reference.has_tag_or_digest())
    refuse(where, what + " has a tag or digest: " + in_quotes(text));
  return reference;
}

/// The host that an entry of unqualified-search-registries names.
std::string read_host(const PlacedText& entry) {
  std::string host = entry.text;
  while (host.ends_with('/')) host.pop_back();
  try {
    return image::at_registry({.domain = {}, .path = "x", .tag = {}, .digest = {}}, host).domain;
  } catch (const base::UsageError&) {
    refuse(entry, "unqualified-search-registries: " + in_quotes(entry.text) +
                      " is no host of a registry (with a dot or a port)");
  }
}

/// What Docker means by the name, for advice.
std::string docker_meaning(const image::Reference& name) {
  return image::at_registry(name, "docker.io").str();
}

}  // namespace

ShortNames::ShortNames(const RegistriesConf& conf, const RegistriesConf& recorded)
    : files_(conf.files()),
      main_file_(conf.main_file().empty() ? "registries.conf" : conf.main_file()) {
  add_aliases(conf);
  add_aliases(recorded);
  const auto& settings = conf.short_names();
  if (settings.search) {
    for (const auto& entry : *settings.search) {
      search_.push_back(read_host(entry));
      search_file_ = entry.file;
    }
  }
  if (!settings.mode || settings.mode->text.empty()) return;
  const auto& mode = settings.mode->text;
  if (mode == "enforcing") {
    mode_ = Mode::enforcing;
  } else if (mode == "disabled") {
    mode_ = Mode::disabled;
  } else if (mode != "permissive") {
    refuse(*settings.mode, "short-name-mode " + in_quotes(mode) +
                               " is none of \"enforcing\", \"permissive\", \"disabled\"");
  }
}

void ShortNames::add_aliases(const RegistriesConf& conf) {
  for (const auto& [name, value] : conf.short_names().aliases) {
    const auto key = parse_repository(name, "the alias " + in_quotes(name), value);
    if (!image::is_short_name(key))
      refuse(value, "the alias " + in_quotes(name) + " names a registry itself");
    if (value.text.empty()) {  // also one of an earlier file does not count any more
      aliases_.erase(key.path);
      continue;
    }
    auto target = parse_repository(value.text, "the alias " + in_quotes(name), value);
    if (image::is_short_name(target))
      refuse(value,
             "the alias " + in_quotes(name) + " names no registry: " + in_quotes(value.text));
    aliases_.insert_or_assign(key.path, Alias{std::move(target), value.file});
  }
}

ShortNames ShortNames::load(const RegistryOptions& options) {
  const auto recorded = options.recorded_aliases.empty()
                            ? RegistriesConf()
                            : RegistriesConf::load(options.recorded_aliases, {});
  return ShortNames(RegistriesConf::load(options.registries_conf, options.registries_conf_dirs),
                    recorded);
}

ShortNames::Candidates ShortNames::known(const image::Reference& name) const {
  if (const auto found = aliases_.find(name.path); found != aliases_.end()) {
    image::Reference target = found->second.target;
    target.tag = name.tag;
    target.digest = name.digest;
    return {
        .names = {std::move(target)}, .reason = "alias in " + found->second.file, .is_alias = true};
  }
  Candidates candidates;
  candidates.reason = "unqualified-search-registries in " + search_file_;
  for (const auto& host : search_) candidates.names.push_back(image::at_registry(name, host));
  return candidates;
}

ShortNames::Candidates ShortNames::candidates(const image::Reference& name) const {
  auto found = known(name);
  if (found.names.empty()) throw_nothing_known(name);
  if (found.names.size() > 1 && mode_ == Mode::enforcing) throw_ambiguous(name, found);
  return found;
}

void ShortNames::throw_nothing_known(const image::Reference& name) const {
  const std::string where =
      files_.empty()
          ? "there is no " + main_file_
          : "there is neither an alias for it nor any unqualified-search-registries in " +
                base::join(files_, ", ");
  base::UsageError error(name.str() + " names no registry, and " + where);
  error.set_hint("write the registry's host before the name, or use --short-names=docker for " +
                 docker_meaning(name));
  throw error;
}

void ShortNames::throw_ambiguous(const image::Reference& name, const Candidates& found) const {
  std::vector<std::string> names;
  for (const auto& candidate : found.names) names.push_back(candidate.str());
  base::UsageError error(name.str() + " may mean " + base::join(names, ", ") + " (" + found.reason +
                         "), and short-name-mode is \"enforcing\"");
  error.set_hint("write one of these names, or an alias for " + name.path +
                 " into registries.conf; ibuild does not ask back");
  throw error;
}

}  // namespace ibuild::registry
