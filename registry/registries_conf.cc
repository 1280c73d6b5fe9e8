#include "registry/registries_conf.h"

#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/text.h"

namespace ibuild::registry {

namespace {

[[noreturn]] void refuse(const std::string& origin, const toml::source_region& where,
                         const std::string& what) {
  throw base::UsageError(origin + ":" + std::to_string(where.begin.line) + ": " + what);
}

/// Reads the keys of one TOML table with checks of their types.
class TableReader {
 public:
  TableReader(const toml::table& table, const std::string& origin)
      : table_(table), origin_(origin) {}

  std::string text(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return {};
    if (!node->is_string()) refuse(origin_, node->source(), std::string(key) + " is no text");
    return node->as_string()->get();
  }

  bool flag(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return false;
    if (!node->is_boolean()) {
      refuse(origin_, node->source(), std::string(key) + " is neither true nor false");
    }
    return node->as_boolean()->get();
  }

  /// A text and its place; none when missing.
  std::optional<PlacedText> placed_text(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    return placed(*node, key);
  }

  /// A list of texts; none when missing.
  std::optional<std::vector<PlacedText>> texts(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    if (!node->is_array()) refuse(origin_, node->source(), std::string(key) + " is no list");
    std::vector<PlacedText> result;
    for (const toml::node& element : *node->as_array()) result.push_back(placed(element, key));
    return result;
  }

  /// The keys of [key] with their texts.
  std::map<std::string, PlacedText> text_table(std::string_view key) const {
    std::map<std::string, PlacedText> result;
    const toml::node* node = table_.get(key);
    if (node == nullptr) return result;
    if (!node->is_table()) refuse(origin_, node->source(), std::string(key) + " is no table");
    for (const auto& [name, value] : *node->as_table())
      result.emplace(std::string(name.str()), placed(value, name.str()));
    return result;
  }

  /// The tables of [[key]].
  std::vector<const toml::table*> tables(std::string_view key) const {
    std::vector<const toml::table*> result;
    const toml::node* node = table_.get(key);
    if (node == nullptr) return result;
    if (!node->is_array())
      refuse(origin_, node->source(), std::string(key) + " is no list of tables");
    for (const toml::node& element : *node->as_array()) {
      if (!element.is_table()) refuse(origin_, element.source(), std::string(key) + " is no table");
      result.push_back(element.as_table());
    }
    return result;
  }

  /// host[:port][/path], without scheme and trailing slash; empty when missing.
  std::string location(std::string_view key) const {
    std::string value = text(key);
    while (value.ends_with('/')) value.pop_back();
    const bool clean = std::all_of(value.begin(), value.end(), [](char c) {
      return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '?' && c != '#';
    });
    if (!clean || value.find("://") != std::string::npos || value.starts_with('/')) {
      fail(std::string(key) + " \"" + base::printable(value) + "\" is no host[:port][/path]");
    }
    return value;
  }

  [[noreturn]] void fail(const std::string& what) const { refuse(origin_, table_.source(), what); }

 private:
  PlacedText placed(const toml::node& node, std::string_view key) const {
    if (!node.is_string()) refuse(origin_, node.source(), base::printable(key) + " is no text");
    return {node.as_string()->get(), origin_, node.source().begin.line};
  }

  const toml::table& table_;
  const std::string& origin_;
};

MirrorEntry read_mirror(const TableReader& reader) {
  MirrorEntry mirror;
  mirror.location = reader.location("location");
  if (mirror.location.empty()) reader.fail("mirror without location");
  mirror.insecure = reader.flag("insecure");
  const std::string pull_from = reader.text("pull-from-mirror");
  if (pull_from == "digest-only") {
    mirror.pull_from = MirrorEntry::PullFrom::digest_only;
  } else if (pull_from == "tag-only") {
    mirror.pull_from = MirrorEntry::PullFrom::tag_only;
  } else if (!pull_from.empty() && pull_from != "all") {
    reader.fail("pull-from-mirror is none of \"all\", \"digest-only\", \"tag-only\"");
  }
  return mirror;
}

RegistryEntry read_registry(const toml::table& table, const std::string& origin) {
  const TableReader reader(table, origin);
  RegistryEntry entry;
  entry.origin = origin;
  entry.prefix = reader.location("prefix");
  entry.location = reader.location("location");
  if (entry.prefix.empty()) entry.prefix = entry.location;
  if (entry.prefix.empty()) reader.fail("registry without prefix and location");
  if (entry.prefix.find('*') != std::string::npos &&
      (!entry.prefix.starts_with("*.") ||
       entry.prefix.find_first_of("*/", 1) != std::string::npos)) {
    reader.fail("prefix \"" + entry.prefix + "\": a star can only stand for sub-domains (*.host)");
  }
  if (entry.location.find('*') != std::string::npos) reader.fail("a star in location");
  entry.insecure = reader.flag("insecure");
  entry.blocked = reader.flag("blocked");
  entry.mirror_by_digest_only = reader.flag("mirror-by-digest-only");
  for (const toml::table* mirror : reader.tables("mirror")) {
    entry.mirrors.push_back(read_mirror(TableReader(*mirror, origin)));
  }
  return entry;
}

toml::table parse_toml(std::string_view text, const std::string& origin) {
  try {
    return toml::parse(text, origin);
  } catch (const toml::parse_error& error) {
    refuse(origin, error.source(), std::string(error.description()));
  }
}

}  // namespace

RegistriesConf RegistriesConf::parse(std::string_view toml, const std::string& origin) {
  const toml::table table = parse_toml(toml, origin);
  if (const toml::node* old = table.get("registries")) {
    refuse(origin, old->source(),
           "version 1 of registries.conf is not read, write [[registry]] tables");
  }
  const TableReader reader(table, origin);
  RegistriesConf conf;
  for (const toml::table* entry : reader.tables("registry")) {
    RegistriesConf one;
    one.entries_.push_back(read_registry(*entry, origin));
    conf.merge(std::move(one));
  }
  conf.short_names_ = {.aliases = reader.text_table("aliases"),
                       .search = reader.texts("unqualified-search-registries"),
                       .mode = reader.placed_text("short-name-mode")};
  conf.files_ = {origin};
  return conf;
}

void RegistriesConf::merge(RegistriesConf later) {
  for (RegistryEntry& entry : later.entries_) {
    std::erase_if(entries_, [&](const RegistryEntry& old) { return old.prefix == entry.prefix; });
    entries_.push_back(std::move(entry));
  }
  auto& names = later.short_names_;
  for (auto& [name, value] : names.aliases)
    short_names_.aliases.insert_or_assign(name, std::move(value));
  if (names.search) short_names_.search = std::move(names.search);
  if (names.mode && !names.mode->text.empty()) short_names_.mode = std::move(names.mode);
  files_.insert(files_.end(), later.files_.begin(), later.files_.end());
}

RegistriesConf RegistriesConf::load(const std::string& path,
                                    const std::vector<std::string>& drop_in_dirs) {
  std::vector<std::string> files;
  if (!path.empty()) files.push_back(path);
  for (const std::string& dir : drop_in_dirs) {
    if (::access(dir.c_str(), R_OK | X_OK) != 0) continue;
    for (const base::DirEntry& entry : base::list_dir(base::DirFd::open(dir))) {
      if (entry.name.ends_with(".conf")) files.push_back(dir + "/" + entry.name);
    }
  }
  RegistriesConf conf;
  conf.main_file_ = path;
  for (const std::string& file : files) {
    if (const auto text = base::try_read_host_file(file, kMaxBytes)) conf.merge(parse(*text, file));
  }
  return conf;
}

std::optional<std::size_t> prefix_match(std::string_view prefix,
                                        const image::Reference& reference) {
  if (prefix.starts_with("*.")) {
    const bool fits = std::string_view(reference.domain).ends_with(prefix.substr(1));
    return fits ? std::optional(reference.domain.size()) : std::nullopt;
  }
  const std::string name = reference.name();
  const std::string full = reference.str();
  if (!full.starts_with(prefix)) return std::nullopt;
  const bool at_end = prefix.size() == full.size();
  // Beyond the name a prefix may name one tag or digest; a ':' inside of it is a port's.
  const bool at_border = !at_end && (full[prefix.size()] == '/' || prefix.size() == name.size());
  if (!at_end && !at_border) return std::nullopt;
  return std::min(prefix.size(), name.size());
}

const RegistryEntry* RegistriesConf::find(const image::Reference& reference) const {
  const RegistryEntry* best = nullptr;
  for (const RegistryEntry& entry : entries_) {
    const bool longer = best == nullptr || entry.prefix.size() > best->prefix.size();
    if (longer && prefix_match(entry.prefix, reference)) best = &entry;
  }
  return best;
}

}  // namespace ibuild::registry
