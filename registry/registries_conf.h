#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/reference.h"

namespace ibuild::registry {

/// One place to ask in place of a registry.
struct MirrorEntry {
  enum class PullFrom { all, digest_only, tag_only };
  std::string location;
  bool insecure = false;
  PullFrom pull_from = PullFrom::all;
  bool operator==(const MirrorEntry&) const = default;
};

/// A [[registry]] table.
struct RegistryEntry {
  std::string prefix;    // "docker.io", "host:5000/team", "*.example.com"
  std::string location;  // what replaces the prefix; empty: nothing is replaced
  bool insecure = false;
  bool blocked = false;
  bool mirror_by_digest_only = false;
  std::vector<MirrorEntry> mirrors;
  std::string origin;  // file it came from
  bool operator==(const RegistryEntry&) const = default;
};

/// A text of a file, and where it stands there.
struct PlacedText {
  std::string text;
  std::string file;
  std::uint32_t line = 0;
  bool operator==(const PlacedText&) const = default;
};

/// What the files say of names without a host. Only the types of values have been checked: nobody
/// needs to know more who does not ask for such names, see ShortNames.
struct ShortNameSettings {
  std::map<std::string, PlacedText> aliases;  // by name; an empty one takes an earlier one away
  /// unqualified-search-registries; none: no file has the key.
  std::optional<std::vector<PlacedText>> search = {};
  std::optional<PlacedText> mode = {};  // short-name-mode
};

/// registries.conf, version 2: where images really come from. See: containers-registries.conf(5).
class RegistriesConf {
 public:
  /// A file larger than this is refused.
  static constexpr std::uint64_t kMaxBytes = 1 << 20;

  RegistriesConf() = default;
  /// Throws: base::UsageError naming `origin` and the line.
  static RegistriesConf parse(std::string_view toml, const std::string& origin);
  /// The main file and the *.conf of the drop-in directories, in the order of their names. What is
  /// missing counts as empty; an entry replaces earlier ones with the same prefix, another key the
  /// same key of earlier files.
  static RegistriesConf load(const std::string& path, const std::vector<std::string>& drop_in_dirs);

  /// The entry with the longest prefix that fits; nullptr when none does.
  const RegistryEntry* find(const image::Reference& reference) const;
  const std::vector<RegistryEntry>& entries() const { return entries_; }
  const ShortNameSettings& short_names() const { return short_names_; }
  /// The files that were there.
  const std::vector<std::string>& files() const { return files_; }
  /// Where the main one is, or was looked for; empty when nothing was loaded.
  const std::string& main_file() const { return main_file_; }

 private:
  void merge(RegistriesConf later);

  std::vector<RegistryEntry> entries_;
  ShortNameSettings short_names_;
  std::vector<std::string> files_;
  std::string main_file_;
};

/// How much of the reference's name `prefix` covers; none when it does not fit. Prefixes end at "/"
/// or at the name's end; "*.host" covers the host.
std::optional<std::size_t> prefix_match(std::string_view prefix, const image::Reference& reference);

}  // namespace ibuild::registry
