#include "cli/commands/prune_command.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "builder/gc/cache_survey.h"
#include "builder/gc/collect_garbage.h"
#include "builder/gc/step_descriptions.h"
#include "cli/byte_size.h"
#include "cli/commands/cache_listing.h"
#include "cli/exit_code.h"
#include "cli/option_parser.h"
#include "cli/options_cache.h"
#include "cli/options_store.h"
#include "cli/signals.h"
#include "cli/standard_input.h"
#include "cli/store_session.h"
#include "sandbox/user_namespace.h"

namespace ibuild::cli {

namespace {

struct PruneOptions {
  bool all = false;
  bool force = false;
  bool verbose = false;
  std::vector<std::string> filters;
  std::string reserved;
  std::string max_used;
  std::string min_free;
  std::string keep_duration;
  StoreOptions store;

  void add_to(OptionParser& parser) {
    parser.flag("-a,--all", all, "Images without a name as well");
    parser.flag("-f,--force", force, "Do not ask");
    parser.list("--filter", "KEY=VALUE", filters, "type=, id=, until=AGE, description~=, inuse …");
    parser.value("--keep-storage,--reserved-space", "SIZE", reserved, "So much may stay");
    parser.value("--max-used-space", "SIZE", max_used, "Remove only above this");
    parser.value("--min-free-space", "SIZE", min_free, "Remove only when less is free");
    parser.value("--keep-duration", "AGE", keep_duration, "What was used within this time stays");
    parser.flag("--verbose", verbose, "Types and descriptions as well");
    store.add_to(parser);
  }

  builder::GcPolicy policy() const {
    builder::GcPolicy policy;
    if (!reserved.empty()) policy.reserved_bytes = parse_byte_size("--keep-storage", reserved);
    if (!max_used.empty()) policy.max_used_bytes = parse_byte_size("--max-used-space", max_used);
    if (!min_free.empty()) policy.min_free_bytes = parse_byte_size("--min-free-space", min_free);
    if (!keep_duration.empty()) policy.keep_duration = parse_age("--keep-duration", keep_duration);
    return policy;
  }
};

constexpr std::size_t kMaxAnswerBytes = 4 << 10;

bool is_confirmed(const PruneOptions& options, CommandContext& context) {
  if (options.force) return true;
  context.err << "This removes all of the build cache that no image needs"
              << (options.all ? ", and all images without a name" : "") << ". Go on? [y/N] "
              << std::flush;
  const SignalWatcher signals;
  const auto in = standard_input(context, signals.token());
  const auto answer = read_line(*in, kMaxAnswerBytes, "the answer");
  if (!answer) {
    context.err << "\n";
    base::UsageError error("nobody answered: nothing was removed");
    error.set_hint("-f (--force) does not ask");
    throw error;
  }
  const auto word = base::trim(*answer);
  if (base::iequals(word, "y") || base::iequals(word, "yes")) return true;
  context.err << "Nothing was removed.\n";
  return false;
}

void remove_untagged_images(layers::Store& store) {
  for (const auto& image : store.images().list()) {
    if (image.name.empty()) store.images().remove(image.descriptor.digest);
  }
}

}  // namespace

int run_prune(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild prune", "Removes what the build cache holds and no image needs");
  PruneOptions options;
  options.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  const auto now = base::Clock().now();
  const CacheFilter filter(options.filters, now);
  const auto policy = options.policy();

  // Unpacked layers of an ordinary user hold files of other ids. This may start the program anew,
  // so the question comes after it.
  std::string why_not;
  sandbox::enter_user_namespace(context.argc, context.argv, why_not);
  if (!is_confirmed(options, context)) return kSuccess;
  StoreSession session(options.store.path(), 1, StoreSession::Use::for_removal);
  auto& store = session.store();
  const auto alone = store.try_lock_for_gc();
  if (!alone) {
    base::Error error("the store is in use: nothing was removed");
    error.set_hint("try again when no build runs");
    throw error;
  }
  if (options.all) remove_untagged_images(store);
  auto survey = builder::survey_cache(store);
  builder::describe_steps(store, survey.items);
  std::erase_if(survey.items, [&](const auto& item) { return !filter.fits(item); });
  const auto garbage = builder::take_garbage(survey.items, policy, builder::disk_of(store), now);
  builder::remove_items(store, *alone, survey.needs, garbage);
  context.out << cache_table(garbage, options.verbose ? Detail::verbose : Detail::brief);
  return kSuccess;
}

}  // namespace ibuild::cli
