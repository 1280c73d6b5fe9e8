#include "cli/option_parser.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "cli/option_words.h"

namespace ibuild::cli {

namespace {

constexpr std::size_t kHelpColumn = 34;  // where descriptions of options begin

/// The library counts bytes where it fills up a column.
std::string aligned(const std::string& help) {
  constexpr std::string_view kDots = "…";
  std::vector<std::string> lines;
  for (const auto line : base::split(help, '\n')) {
    std::string text(line);
    const auto names = line.substr(0, kHelpColumn);
    std::size_t surplus = 0;
    for (auto at = names.find(kDots); at != std::string_view::npos;
         at = names.find(kDots, at + kDots.size()))
      surplus += kDots.size() - 1;
    if (line.starts_with("  -") && line.size() > kHelpColumn) {
      if (line[kHelpColumn - 1] == ' ') text.insert(kHelpColumn, surplus, ' ');
    }
    lines.push_back(std::move(text));
  }
  return base::join(lines, "\n");
}

/// Whether one of the words may be meant for an option of these names ("-t,--tag"); a value that
/// looks so counts as well. "-qt" may be -q and -t.
bool is_named_in(std::span<const std::string> words, std::string_view names) {
  return std::ranges::any_of(base::split(names, ','), [&](std::string_view name) {
    return std::ranges::any_of(words, [&](std::string_view word) {
      if (name.starts_with("--")) return word.substr(0, word.find('=')) == name;
      return word.starts_with('-') && !word.starts_with("--") &&
             word.find(name.back()) != std::string_view::npos;
    });
  });
}

}  // namespace

struct OptionParser::Impl {
  Impl(std::string name, std::string description)
      : command(std::move(name)), app(std::move(description), command) {}

  struct OperandList {
    std::string name;
    std::size_t min = 0;
    std::size_t max = 0;
    std::vector<std::string> values;
    std::function<void(std::vector<std::string>)> deliver;
  };

  enum class InHelp { shown, hidden };
  /// An option, which the library learns of only when the words need it: it compares every option
  /// with all the others, and for some hundred of them that would be a third of a build from the
  /// cache.
  struct Definition {
    std::string names;
    InHelp in_help;
    std::function<void()> add;
  };
  void define(const std::string& names, InHelp in_help, std::function<void()> add) {
    definitions.push_back({names, in_help, std::move(add)});
  }
  /// To be called once, with all the words there are.
  void add_options_for(std::span<const std::string> words);
  void add_all_options() {
    for (const auto& definition : definitions) definition.add();
  }

  void add_operands(const std::string& name, std::size_t min, std::size_t max,
                    std::function<void(std::vector<std::string>)> deliver, const std::string& help);
  void define_unseen_value(const std::string& names,
                           std::function<void(const std::string&)> deliver);
  void define_unseen_flag(const std::string& names, std::function<void(bool)> deliver);
  std::string help() const;
  std::string list_options() const;
  base::UsageError usage_error(std::string message) const;
  base::UsageError unknown_option(const std::string& given) const;
  void deliver_operands(std::vector<std::string> rest);
  std::vector<std::string> plain_words(std::span<const std::string> args) const;

  std::string command;
  CLI::App app;
  std::vector<Definition> definitions;
  std::vector<std::unique_ptr<OperandList>>
      operand_lists;  // fixed addresses: options point into them
  std::vector<std::string>* prefix_target = nullptr;
  std::string prefix_name;
  std::vector<std::string> remarks;
};

OptionParser::OptionParser(std::string command, std::string description)
    : impl_(std::make_unique<Impl>(std::move(command), std::move(description))) {
  impl_->app.allow_extras();
  impl_->app.set_help_flag("-h,--help", "Show this help");
  impl_->app.get_formatter()->column_width(kHelpColumn);
}

OptionParser::~OptionParser() = default;

void OptionParser::flag(const std::string& names, bool& target, const std::string& help) {
  impl_->define(names, Impl::InHelp::shown, [&app = impl_->app, &target, names, help] {
    app.add_flag(names, target, help)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  });
}

void OptionParser::flag(const std::string& names, std::optional<bool>& target,
                        const std::string& help) {
  impl_->define(names, Impl::InHelp::shown, [&app = impl_->app, &target, names, help] {
    app.add_flag_function(
           names, [&target](std::int64_t count) { target = count > 0; }, help)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  });
}

void OptionParser::word_flag(const std::string& names, std::string& target,
                             const std::string& help) {
  impl_->define(names, Impl::InHelp::shown, [&app = impl_->app, &target, names, help] {
    app.add_flag(names, target, help)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  });
}

void OptionParser::value(const std::string& names, const std::string& value, std::string& target,
                         const std::string& help) {
  impl_->define(names, Impl::InHelp::shown, [&app = impl_->app, &target, names, value, help] {
    app.add_option(names, target, help)
        ->type_name(value)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  });
}

void OptionParser::value(const std::string& names, const std::string& value,
                         std::optional<std::string>& target, const std::string& help) {
  impl_->define(names, Impl::InHelp::shown, [&app = impl_->app, &target, names, value, help] {
    app.add_option_function<std::string>(
           names, [&target](const std::string& text) { target = text; }, help)
        ->type_name(value)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  });
}

void OptionParser::list(const std::string& names, const std::string& value,
                        std::vector<std::string>& target, const std::string& help) {
  impl_->define(names, Impl::InHelp::shown, [&app = impl_->app, &target, names, value, help] {
    app.add_option_function<std::vector<std::string>>(
           names, [&target](const std::vector<std::string>& texts) { target = texts; }, help)
        ->type_name(value)
        ->type_size(1)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  });
}

void OptionParser::Impl::add_operands(const std::string& name, std::size_t min, std::size_t max,
                                      std::function<void(std::vector<std::string>)> deliver,
                                      const std::string& help) {
  operand_lists.push_back(std::make_unique<OperandList>(OperandList{
      .name = name, .min = min, .max = max, .values = {}, .deliver = std::move(deliver)}));
  auto& list = *operand_lists.back();
  auto* option = app.add_option(name, list.values, help)->type_name("");
  if (max == 1) option->expected(1)->allow_extra_args(false);
}

void OptionParser::operand(const std::string& name, std::string& target, const std::string& help) {
  impl_->add_operands(
      name, 1, 1,
      [&target](std::vector<std::string> values) { target = std::move(values.front()); }, help);
}

void OptionParser::optional_operand(const std::string& name, std::string& target,
                                    const std::string& help) {
  impl_->add_operands(
      name, 0, 1,
      [&target](std::vector<std::string> values) {
        if (!values.empty()) target = std::move(values.front());
      },
      help);
}

void OptionParser::operands(const std::string& name, std::size_t min,
                            std::vector<std::string>& target, const std::string& help) {
  impl_->add_operands(
      name, min, SIZE_MAX,
      [&target](std::vector<std::string> values) { target = std::move(values); }, help);
}

void OptionParser::command_line(const std::string& name, std::vector<std::string>& target,
                                const std::string& help) {
  impl_->app.prefix_command();
  impl_->prefix_target = &target;
  impl_->prefix_name = name;
  impl_->app.footer(help);
}

void OptionParser::Impl::define_unseen_value(const std::string& names,
                                             std::function<void(const std::string&)> deliver) {
  define(names, InHelp::hidden, [this, names, deliver = std::move(deliver)] {
    app.add_option_function<std::string>(names, deliver, "")
        ->group("")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  });
}

void OptionParser::Impl::define_unseen_flag(const std::string& names,
                                            std::function<void(bool)> deliver) {
  define(names, InHelp::hidden, [this, names, deliver = std::move(deliver)] {
    app.add_flag_function(
           names, [deliver](std::int64_t count) { deliver(count > 0); }, "")
        ->group("")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  });
}

void OptionParser::refuse(const std::string& names, Takes takes, const std::string& why) {
  const auto complain = [names, why](const auto&) {
    throw base::UsageError(names.substr(names.find("--")) + " is not supported: " + why);
  };
  if (takes == Takes::value)
    impl_->define_unseen_value(names, complain);
  else
    impl_->define_unseen_flag(names, complain);
}

void OptionParser::ignore(const std::string& names, Takes takes, const std::string& why) {
  auto& remarks = impl_->remarks;
  const std::string remark = names.substr(names.find("--")) + " has no effect: " + why;
  if (takes == Takes::value) {
    impl_->define_unseen_value(
        names, [&remarks, remark](const std::string&) { remarks.push_back(remark); });
  } else {
    impl_->define_unseen_flag(names, [&remarks, remark](bool is_set) {
      if (is_set) remarks.push_back(remark);
    });
  }
}

void OptionParser::ignore_false(const std::string& name, const std::string& why) {
  auto& remarks = impl_->remarks;
  impl_->define_unseen_flag(
      name, [&remarks, remark = name + "=false has no effect: " + why](bool is_set) {
        if (!is_set) remarks.push_back(remark);
      });
}

void OptionParser::alias_flag(const std::string& name, const std::string& value,
                              std::string& target) {
  impl_->define_unseen_flag(name, [&target, value](bool is_set) {
    if (is_set) target = value;
  });
}

void OptionParser::accept_only(const std::string& name, bool is_met, const std::string& why) {
  impl_->define_unseen_flag(name, [name, is_met, why](bool is_set) {
    if (is_set == is_met) return;
    throw base::UsageError(name + (is_set ? "" : "=false") + " is not supported: " + why);
  });
}

void OptionParser::alias(const std::string& name, std::string& target) {
  impl_->define_unseen_value(name, [&target](const std::string& text) { target = text; });
}

const std::vector<std::string>& OptionParser::remarks() const { return impl_->remarks; }

void OptionParser::footer(const std::string& text) { impl_->app.footer(text); }

void OptionParser::Impl::add_options_for(std::span<const std::string> words) {
  const bool all = is_named_in(words, "-h,--help");  // the help tells of them
  for (const auto& definition : definitions) {
    if (all || is_named_in(words, definition.names)) definition.add();
  }
}

std::string OptionParser::Impl::help() const {
  std::string text = aligned(app.help());
  const std::string_view placeholder = "[OPTIONS]";
  const auto at = text.find(placeholder);
  if (prefix_target != nullptr && at != std::string::npos) {
    text.insert(at + placeholder.size(), " " + prefix_name);
  }
  return text;
}

std::string OptionParser::Impl::list_options() const {
  std::string text;
  for (const auto* option : app.get_options()) {
    if (option->get_group().empty() || !option->nonpositional()) continue;
    std::vector<std::string> names;
    for (const auto& name : option->get_snames()) names.push_back("-" + name);
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    text += base::join(names, ",") +
            (option->get_items_expected_max() > 0 ? "\tvalue\t" : "\tflag\t") +
            option->get_description() + "\n";
  }
  return text;
}

base::UsageError OptionParser::Impl::usage_error(std::string message) const {
  base::UsageError error(std::move(message));
  error.set_hint("`" + command + " --help` lists what there is");
  return error;
}

base::UsageError OptionParser::Impl::unknown_option(const std::string& given) const {
  const std::string name = given.substr(0, given.find('='));
  auto error = usage_error("unknown option " + base::printable(name) + " for `" + command + "`");
  std::vector<std::string> known{"--help"};
  for (const auto& definition : definitions) {
    if (definition.in_help == InHelp::hidden) continue;
    for (const auto each : base::split(definition.names, ','))
      if (each.starts_with("--")) known.emplace_back(each);
  }
  if (const auto near = base::nearest_word(name, known))
    error.set_hint("did you mean " + *near + "?");
  return error;
}

void OptionParser::Impl::deliver_operands(std::vector<std::string> rest) {
  // The end of the options; a command line of another program may have one more.
  if (const auto end = std::ranges::find(rest, "--");
      end != rest.end() && (prefix_target == nullptr || end == rest.begin()))
    rest.erase(end);
  for (const auto& argument : rest) {
    if (argument.size() > 1 && argument.front() == '-') throw unknown_option(argument);
    if (prefix_target != nullptr) break;
    throw usage_error("unexpected argument " + base::printable(argument));
  }
  if (prefix_target != nullptr) {
    if (rest.empty()) throw usage_error("`" + command + "` needs " + prefix_name);
    *prefix_target = std::move(rest);
  }
  for (const auto& list : operand_lists) {
    if (list->values.size() < list->min) throw usage_error("`" + command + "` needs " + list->name);
    list->deliver(std::move(list->values));
  }
}

std::vector<std::string> OptionParser::Impl::plain_words(std::span<const std::string> args) const {
  const auto find = [this](const std::string& name) -> std::optional<OptionKind> {
    const auto* option = app.get_option_no_throw(name);
    if (option == nullptr || !option->nonpositional()) return std::nullopt;
    const auto& names = option->get_lnames();
    return OptionKind{.long_name = names.empty() ? "" : "--" + names.front(),
                      .takes_value = option->get_items_expected_max() > 0};
  };
  return plain_option_words(args, find,
                            prefix_target == nullptr ? Operands::anywhere : Operands::last);
}

OptionParser::Outcome OptionParser::parse(std::span<const std::string> args, std::ostream& out) {
  if (args.size() == 1 && args[0] == kListOptions) {
    impl_->add_all_options();
    out << impl_->list_options();
    return Outcome::help_shown;
  }
  impl_->add_options_for(args);
  auto words = impl_->plain_words(args);
  std::ranges::reverse(words);  // CLI11 takes them from the back
  try {
    impl_->app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    out << impl_->help();
    return Outcome::help_shown;
  } catch (const CLI::ParseError& error) {
    throw impl_->usage_error(base::printable(error.what()));
  }
  impl_->deliver_operands(impl_->app.remaining());
  return Outcome::run;
}

}  // namespace ibuild::cli
