#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/sandbox_spec.h"

namespace ibuild::builder {

/// A file of the host that a device brings into a step.
struct CdiMount {
  std::string host_path;
  std::string target;  // absolute
  bool read_only = false;
  bool ignores_setuid = false;
  bool operator==(const CdiMount&) const = default;
};

struct CdiNode {
  std::string host_path;
  std::string target;  // absolute
  bool operator==(const CdiNode&) const = default;
};

/// What a step gets with a device.
struct CdiEdits {
  std::vector<sandbox::Hook> hooks;  // prestart ones are those of createRuntime
  std::vector<std::string> env;      // "K=V"
  std::vector<CdiNode> nodes;
  std::vector<CdiMount> mounts;
  std::vector<std::uint32_t> additional_gids;
  /// Parts of it that ibuild cannot give, in words; empty: none. Nobody is told of them before the
  /// device is asked for.
  std::vector<std::string> unsupported;
  void add(const CdiEdits& more);
};

/// A device of the Container Device Interface, as a file describes it.
struct CdiDevice {
  std::string name;  // "vendor.com/class=name"
  std::map<std::string, std::string> annotations;
  CdiEdits edits;

  std::string_view kind() const { return std::string_view(name).substr(0, name.find('=')); }
  /// BuildKit's annotation that says that no Dockerfile has to be allowed to use it.
  bool is_allowed_to_all() const;
};

/// Whether a text has the form of a device's name or kind: "vendor.com/class", "…=name".
bool is_cdi_name(std::string_view text);

/// The devices that a file describes, in its order: JSON or YAML.
/// Throws: ContentError for what is no such file.
/// See: github.com/cncf-tags/container-device-interface, SPEC.md
std::vector<CdiDevice> parse_cdi_file(std::string_view text);

}  // namespace ibuild::builder
