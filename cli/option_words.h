#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ibuild::cli {

/// What is to be known of an option in order to tell its value from the words behind it.
struct OptionKind {
  std::string long_name;  // "--tag"; empty when it has a short name only
  bool takes_value = false;
};

/// None for a name ("--tag", "-t") that is no option's.
using FindOption = std::function<std::optional<OptionKind>(const std::string& name)>;

enum class Operands {
  anywhere,  // options may follow them
  last,      // from the first one on, the words are another program's
};

/// The words of a command line in a form that the option library reads as docker's (pflag) reads
/// the given one: `--tag=` has an empty value and takes none of the next words, `-t=x` is `-t x`,
/// `-q=false` is `--quiet=false`. Words behind "--" stay as they are.
/// Throws: base::UsageError for `--quiet=`.
std::vector<std::string> plain_option_words(std::span<const std::string> words,
                                            const FindOption& find, Operands operands);

}  // namespace ibuild::cli
