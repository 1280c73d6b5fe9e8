#include "cli/commands/du_command.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "builder/gc/cache_survey.h"
#include "builder/gc/step_descriptions.h"
#include "cli/commands/cache_listing.h"
#include "cli/exit_code.h"
#include "cli/option_parser.h"
#include "cli/options_store.h"
#include "cli/store_session.h"
#include "sandbox/user_namespace.h"

namespace ibuild::cli {

int run_du(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild du", "Shows what the build cache takes on disk");
  std::vector<std::string> filters;
  bool verbose = false;
  std::string format;
  StoreOptions store;
  parser.list("--filter", "KEY=VALUE", filters, "type=, id=, until=AGE, description~=, inuse …");
  parser.flag("--verbose", verbose, "Types and descriptions as well");
  parser.value("--format", "FORMAT", format, "json: a line of JSON each");
  store.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  if (!format.empty() && format != "json")
    throw base::UsageError("--format " + base::printable(format) + " is not known: use json");

  const CacheFilter filter(filters, base::Clock().now());
  // Unpacked layers of an ordinary user may only be looked into there.
  std::string why_not;
  sandbox::enter_user_namespace(context.argc, context.argv, why_not);
  StoreSession session(store.path());
  auto items = builder::survey_cache(session.store()).items;
  builder::describe_steps(session.store(), items);
  std::erase_if(items, [&](const auto& item) { return !filter.fits(item); });
  std::ranges::stable_sort(items, std::greater{}, &builder::CacheItem::size_bytes);
  context.out << (format == "json" ? cache_json_lines(items)
                                   : cache_table(items, verbose ? Detail::verbose : Detail::brief));
  return kSuccess;
}

}  // namespace ibuild::cli
