#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/reference.h"
#include "registry/endpoint.h"
#include "registry/http/url.h"

namespace ibuild::registry {

/// What somebody is asked for. `resolve`: what a tag stands for. `pull`: what a digest names.
enum class Purpose { resolve, pull, push, referrers };

/// What a place may be asked for, by its "capabilities"; without that key, for everything.
struct HostCapabilities {
  bool pull = true;
  bool resolve = true;
  bool push = true;
  bool referrers = true;
  bool operator==(const HostCapabilities&) const = default;

  /// Resolving a tag is pulling, too.
  bool allow(Purpose purpose) const;
};

/// A [host."URL"], or what is said at the top about the server.
struct HostPlace {
  std::optional<Url> url;  // none: the registry that the image's name tells
  HostCapabilities capabilities;
  Endpoint::Security security = Endpoint::Security::required;
  PlaceRules rules;
};

/// containerd's hosts.toml: whom to ask about the images of one registry.
/// See: containerd docs/hosts.md.
class HostsFile {
 public:
  /// A file larger than this is refused.
  static constexpr std::uint64_t kMaxBytes = 1 << 20;

  /// Files that the text names are looked for beside `path`.
  /// Throws: base::UsageError naming `path` and the line.
  static HostsFile parse(std::string_view toml, const std::string& path);
  /// That of the first of `dirs` with a folder for the domain, as in references, that has one; else
  /// of the first with a folder "_default"; none without. What may not be read counts as missing.
  static std::optional<HostsFile> find(const std::vector<std::string>& dirs,
                                       const std::string& domain);

  /// Whom to ask, in order: the hosts as they stand in the file, then the server. Without those
  /// that may not be asked for this. Throws: base::UsageError when that leaves nobody.
  std::vector<Endpoint> endpoints(const image::Reference& reference, Purpose purpose) const;
  /// The server alone, whatever it may be asked for.
  Endpoint server(const image::Reference& reference) const;

  const std::string& path() const { return path_; }
  /// In the file's order; the last one is the server.
  const std::vector<HostPlace>& places() const { return places_; }
  /// What was read over, each with its line.
  const std::vector<std::string>& ignored() const { return ignored_; }

 private:
  Endpoint endpoint_at(const HostPlace& place, const image::Reference& reference) const;

  std::string path_;
  std::vector<HostPlace> places_;
  std::vector<std::string> ignored_;
};

}  // namespace ibuild::registry
