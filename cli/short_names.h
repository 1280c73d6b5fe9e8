#pragma once

#include <functional>
#include <optional>
#include <string>

#include "builder/remote/short_name_search.h"
#include "cli/option_parser.h"
#include "cli/options_registry.h"
#include "image/short_name.h"

namespace ibuild::cli {

/// --short-names, of commands that read images from registries.
struct ShortNameFlag {
  std::optional<std::string> value;

  void add_to(OptionParser& parser);
  /// The option, else IBUILD_SHORT_NAMES, else Docker's. Throws: base::UsageError.
  image::ShortNameRule rule() const;
};

/// The images that a command reads, by the names that its user wrote.
class ImageNames {
 public:
  /// `tell` takes how a short name was resolved.
  using Tell = std::function<void(const std::string&)>;

  /// Throws: base::UsageError.
  ImageNames(const ShortNameFlag& flag, const RegistryFlags& registry)
      : rule_(flag.rule()), search_(registry.resolve()) {}

  /// Throws: base::UsageError.
  image::Reference parse(const std::string& text) const;
  image::Reference parse_repository(const std::string& text) const;

  /// `name` with its registry. See ShortNameSearch for what is thrown.
  image::Reference find(const image::Reference& name, registry::RegistryClient& client,
                        const Tell& tell, const std::stop_token& stop);
  image::Reference find(const image::Reference& name, const remote::ShortNameSearch::Has& has,
                        const Tell& tell);

 private:
  image::ShortNameRule rule_;
  remote::ShortNameSearch search_;
};

}  // namespace ibuild::cli
