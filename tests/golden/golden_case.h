#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fs_at.h"

namespace ibuild::test {

/// One folder of testdata/dockerfiles/: a Dockerfile, what it is built with, and what must come
/// out.
///   Dockerfile        the text
///   context/          the build context (missing: an empty one); its .dockerignore counts
///   args              one option a line: "build-arg K=V", "target S", "label K=V", "platform P",
///   "no-cache", "network N", "build-context N=V",
///                     "add-host N:A", "provenance K=V,…"; '#' begins a comment
///   web/              files by URL: web/a is http://web.test/a, changed at 2020-01-02T03:04:05Z
///   images.json       configurations of base images by name, or {"platforms": […]} for one of
///   several platforms; other names get a small base with
///   users "root" and "app" expect.*          plan, config.json, layers, digest, statement, stderr:
///   only those that are there are checked
struct GoldenCase {
  std::string name;
  base::DirFd dir;

  static std::vector<GoldenCase> all();
  std::optional<std::string> read(const std::string& file) const;
  bool has(const std::string& file) const;
  /// Compares with the file `expect` where there is one; with IBUILD_ACCEPT=1 rewrites it instead.
  void check(const std::string& expect, const std::string& actual) const;
};

}  // namespace ibuild::test
