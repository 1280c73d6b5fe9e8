#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::cli {

/// Reads the command line of one command. Options may stand before and after operands; of an option
/// that takes one value the last one counts. The variables given must outlive parse().
class OptionParser {
 public:
  /// `command` as typed: "ibuild pull".
  OptionParser(std::string command, std::string description);
  OptionParser(const OptionParser&) = delete;
  OptionParser& operator=(const OptionParser&) = delete;
  ~OptionParser();

  // `names` is "-t,--tag". `value` names the value in the help text.
  /// Also read as --name=true and --name=false.
  void flag(const std::string& names, bool& target, const std::string& help);
  /// Tells whether it was given at all.
  void flag(const std::string& names, std::optional<bool>& target, const std::string& help);
  /// Takes a value only as --name=value; alone it is "true".
  void word_flag(const std::string& names, std::string& target, const std::string& help);
  void value(const std::string& names, const std::string& value, std::string& target,
             const std::string& help);
  void value(const std::string& names, const std::string& value, std::optional<std::string>& target,
             const std::string& help);
  /// May be given several times.
  void list(const std::string& names, const std::string& value, std::vector<std::string>& target,
            const std::string& help);

  void operand(const std::string& name, std::string& target, const std::string& help);
  void optional_operand(const std::string& name, std::string& target, const std::string& help);
  /// The rest of the operands; at least `min`.
  void operands(const std::string& name, std::size_t min, std::vector<std::string>& target,
                const std::string& help);
  /// Everything from the first operand on, options of another program included.
  void command_line(const std::string& name, std::vector<std::string>& target,
                    const std::string& help);

  enum class Takes { no_value, value };
  /// An option that other builders have and this one does not: giving it is an error that says
  /// `why`. Not in the help.
  void refuse(const std::string& names, Takes takes, const std::string& why);
  /// An option that other builders take, and have no use for either: giving it is told of in
  /// remarks(), with `why` it changes nothing. Not in the help.
  void ignore(const std::string& names, Takes takes, const std::string& why);
  /// A flag that asks for nothing but what is done anyway; only =false is told of.
  void ignore_false(const std::string& name, const std::string& why);
  /// Another name for `target`'s flag, not in the help: it stands for `value` there.
  void alias_flag(const std::string& name, const std::string& value, std::string& target);
  /// A flag of other builders whose value `is_met` is what is done anyway: the other one is an
  /// error that says `why`. Not in the help.
  void accept_only(const std::string& name, bool is_met, const std::string& why);
  /// Another name for an option, not in the help.
  void alias(const std::string& name, std::string& target);

  /// Text below the options in the help.
  void footer(const std::string& text);

  /// As the only word it makes parse() print the options that the help shows, for shell completion:
  /// their names, "flag" or "value", and what they mean, parted by tabs.
  static constexpr std::string_view kListOptions = "--list-options";

  enum class Outcome { run, help_shown };
  /// Throws: UsageError, with a suggestion for a misspelt option.
  [[nodiscard]] Outcome parse(std::span<const std::string> args, std::ostream& out);
  /// What the user should know of the options that were given, a sentence each.
  const std::vector<std::string>& remarks() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ibuild::cli
