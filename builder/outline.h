#pragma once

#include <string>
#include <vector>

#include "builder/build_description.h"
#include "parser/source_range.h"

namespace ibuild::builder {

struct OutlineArg {
  std::string name;
  std::string description;  // of the comment above it
  std::string value;
  parser::SourceRange range;
};

/// A secret or an ssh agent.
struct OutlineNeed {
  std::string name;
  bool required = false;
  parser::SourceRange range;
};

/// What a user can give to the build of one target. Each list is in the order of the file.
struct Outline {
  std::string name;  // of the target; empty when it has none
  std::string description;
  std::vector<OutlineArg> args;  // those that the target or a stage it needs makes use of
  std::vector<OutlineNeed> secrets;
  std::vector<OutlineNeed> ssh;
};

/// Throws: parser::DockerfileError for what cannot be expanded.
Outline make_outline(const BuildDescription& description, const BuildRequest& request);

}  // namespace ibuild::builder
