#pragma once

#include <string>
#include <vector>

#include "builder/build.h"
#include "builder/gc/collect_garbage.h"
#include "cli/option_parser.h"

namespace ibuild::cli {

/// What the command line of `ibuild build` says about the cache.
struct CacheOptions {
  bool no_cache = false;
  std::vector<std::string> no_cache_filter;
  std::string ttl;
  std::vector<std::string> from;
  std::vector<std::string> to;

  void add_to(OptionParser& parser);
  /// Throws: UsageError naming the option.
  void take_into(builder::BuildRequest& request) const;
};

/// What tells the build of `file` in `context`, as they were written, from others of this machine:
/// their places in the file system, links resolved. `file` may be empty: the one in the context.
std::string build_name(const std::string& file, const std::string& context);

/// IBUILD_GC=off, IBUILD_GC_RESERVED, IBUILD_GC_MAX_USED, IBUILD_GC_MIN_FREE.
/// Throws: UsageError naming the variable.
builder::GcSettings gc_settings_from_environment();

/// "90m", "72h", "14d", "2w". Throws: UsageError naming `option`.
std::chrono::seconds parse_age(std::string_view option, std::string_view text);

}  // namespace ibuild::cli
