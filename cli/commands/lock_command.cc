#include "cli/commands/lock_command.h"

#include <string>
#include <vector>

#include "cli/commands/build_command.h"
#include "cli/option_parser.h"

namespace ibuild::cli {

int run_lock(Arguments arguments, CommandContext& context) {
  const bool for_completion = arguments.size() == 1 && arguments[0] == OptionParser::kListOptions;
  if (for_completion) return run_build(arguments, context);
  // A build finds all that it needs, and what it makes stays in the cache for the next one.
  std::vector<std::string> words = {"--write-lock", "--pull", "--output", "type=cacheonly"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_build(words, context);
}

}  // namespace ibuild::cli
