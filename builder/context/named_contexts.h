#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "builder/context/context_spec.h"
#include "image/platform.h"

namespace ibuild::builder {

/// --build-context NAME=VALUE: what takes the place of the images and stages of a name. A name is
/// that of an image, in any of its forms ("alpine", "docker.io/library/alpine:latest"), or of a
/// stage; with "::OS/ARCH" at its end it counts for that platform only.
class NamedContexts {
 public:
  /// The last one of a name counts. Throws: base::UsageError for a bad name.
  void add(const std::string& name, ContextSpec spec);

  /// The name in normal form under which there is a context; one for the platform goes first. None
  /// for "scratch" and "context", which nothing takes the place of.
  std::optional<std::string> find(const std::string& name, const image::Platform& platform) const;
  /// Requires: find() gave this.
  const ContextSpec& at(const std::string& key) const { return specs_.at(key); }
  bool empty() const { return specs_.empty(); }
  /// All names in normal form.
  std::vector<std::string> names() const;

 private:
  std::map<std::string, ContextSpec> specs_;
};

}  // namespace ibuild::builder
