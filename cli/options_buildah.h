#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/build.h"
#include "cli/option_parser.h"

namespace ibuild::cli {

/// Options that only `buildah build` has beside ibuild, as they were written. What of those it has
/// cannot be had here is in refuse_buildah_options().
struct BuildahOptions {
  std::string os;
  std::string architecture;
  std::string variant;
  std::string from;
  std::vector<std::string> env;
  std::optional<bool> inherit_labels;
  bool omit_history = false;
  std::string format;
  std::string compression_format;
  std::string compression_level;
  bool force_compression = false;
  std::string source_date_epoch;
  std::optional<bool> rewrite_timestamp;
  std::string jobs;
  std::optional<bool> http_proxy;
  std::vector<std::string> dns;
  std::vector<std::string> dns_search;
  std::vector<std::string> dns_options;
  std::string iidfile_raw;
  std::string logfile;

  void add_to(OptionParser& parser);
  bool names_platform() const { return !os.empty() || !architecture.empty() || !variant.empty(); }
  /// Into a request that has its build arguments and network. Throws: UsageError naming
  /// the option.
  void put_into(builder::BuildRequest& request) const;
  /// Hands what is said of images to the outputs that are some. Throws: UsageError.
  void put_into(std::vector<builder::OutputSpec>& outputs) const;
};

/// Options of `buildah build` that cannot be had here are errors which say what to do instead;
/// those that ask for what is done anyway are taken.
void refuse_buildah_options(OptionParser& parser);

}  // namespace ibuild::cli
