#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/options_registry.h"
#include "cli/short_names.h"
#include "cli/statement_output.h"

namespace ibuild::cli {

/// What `ibuild inspect --remote` is asked for.
struct RemoteInspection {
  enum class Document { summary, raw, config };
  std::vector<std::string> names;
  Document document = Document::summary;
  std::optional<StatementKind> statement = {};  // instead: its predicate; raw: all of it
  std::string platform;                         // empty: this machine's
  RegistryFlags registry;
  ShortNameFlag short_names;
};

/// Shows images as the registry has them; nothing goes into the store. Gives the exit code.
int inspect_remote(const RemoteInspection& inspection, CommandContext& context);

}  // namespace ibuild::cli
