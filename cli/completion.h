#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ibuild::cli {

/// An option as OptionParser::kListOptions prints it.
struct ListedOption {
  std::vector<std::string> names;  // "-f", "--file"
  bool takes_value = false;
  std::string help;
};

struct ListedCommand {
  std::string name;
  std::string summary;
  std::vector<ListedOption> options;
};

/// Reads what a command prints for OptionParser::kListOptions.
std::vector<ListedOption> read_listed_options(std::string_view text);

/// A script that completes the commands and their options in one shell. Everything else completes
/// as file names.
std::string bash_completion(const std::vector<ListedCommand>& commands);
std::string zsh_completion(const std::vector<ListedCommand>& commands);
std::string fish_completion(const std::vector<ListedCommand>& commands);

}  // namespace ibuild::cli
