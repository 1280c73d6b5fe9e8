#pragma once

#include <string>
#include <vector>

#include "builder/build.h"
#include "builder/context/named_contexts.h"
#include "cli/option_parser.h"
#include "cli/short_names.h"

namespace ibuild::cli {

/// What the command line of `ibuild build` says about where files come from, beside the context
/// itself.
struct SourceOptions {
  std::vector<std::string> contexts;  // --build-context
  std::string ignore_file;            // path
  ShortNameFlag short_names;

  void add_to(OptionParser& parser);
  /// Throws: UsageError naming the option.
  builder::NamedContexts named_contexts() const;
};

/// Reads the operand CONTEXT. BUILDKIT_CONTEXT_KEEP_GIT_DIR and SOURCE_DATE_EPOCH of the request
/// say how a git repository is checked out. Throws: UsageError.
builder::ContextSpec read_context_operand(const std::string& context,
                                          const builder::BuildRequest& request);

/// A repository by ssh as context is read with the user's agent, as if by `--ssh default`, unless
/// --ssh says otherwise.
void lend_agent(const builder::ContextSpec& context, builder::BuildRequest& request);

}  // namespace ibuild::cli
