#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "builder/attest/attestation.h"
#include "builder/export/root_file_system.h"

namespace ibuild::builder {

/// Notes the digest of every file on its way to `next`: what statements about files are about.
class FileSubjects : public RootFileSystem::Visitor {
 public:
  /// `next` outlives this.
  explicit FileSubjects(RootFileSystem::Visitor& next) : next_(next) {}
  void visit(const layers::LayerEntry& entry, base::ByteSource* data) override;

  /// Hands on a file of the name for each of the attestations that stand by themselves, mode 0600.
  /// `prefix` goes before the names, `suffix` before their extension. Throws: base::Error when
  /// something of the name is there already.
  struct Naming {
    std::string prefix;
    std::string suffix;
    base::TimePoint time;
  };
  void write_statements(const std::vector<Attestation>& attestations, const Naming& naming);

 private:
  RootFileSystem::Visitor& next_;
  std::vector<Subject> subjects_;
  std::map<std::string, base::Digest> digests_;  // of files, by path
  std::set<std::string> top_names_;              // whatever they are
};

}  // namespace ibuild::builder
