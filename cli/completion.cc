#include "cli/completion.h"

#include <fmt/format.h>

#include "base/text.h"

namespace ibuild::cli {

namespace {

std::string option_words(const ListedCommand& command) {
  std::string words;
  for (const auto& option : command.options) {
    for (const auto& name : option.names) words += (words.empty() ? "" : " ") + name;
  }
  return words;
}

std::string command_words(const std::vector<ListedCommand>& commands) {
  std::string words;
  for (const auto& command : commands) words += (words.empty() ? "" : " ") + command.name;
  return words;
}

/// `case` branches that set `options` for the command in `$command`.
std::string option_cases(const std::vector<ListedCommand>& commands) {
  std::string text;
  for (const auto& command : commands)
    text += fmt::format("    {}) options=\"{}\" ;;\n", command.name, option_words(command));
  return text;
}

/// Text within single quotes of fish and zsh.
std::string single_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

}  // namespace

std::vector<ListedOption> read_listed_options(std::string_view text) {
  std::vector<ListedOption> options;
  for (const auto line : base::split(text, '\n')) {
    const auto fields = base::split(line, '\t');
    if (fields.size() != 3) continue;
    ListedOption option{
        .names = {}, .takes_value = fields[1] == "value", .help = std::string(fields[2])};
    for (const auto name : base::split(fields[0], ',')) option.names.emplace_back(name);
    options.push_back(std::move(option));
  }
  return options;
}

std::string bash_completion(const std::vector<ListedCommand>& commands) {
  return fmt::format(
      R"(# bash completion of ibuild: source it, or put it into /etc/bash_completion.d/ibuild
_ibuild() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} command=build options="" word
  local commands="{0}"
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    if [[ " $commands " == *" $word "* ]]; then command=$word; break; fi
  done
  case $command in
{1}  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "$commands" -- "$current") $(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}}
complete -o filenames -F _ibuild ibuild
)",
      command_words(commands), option_cases(commands));
}

std::string zsh_completion(const std::vector<ListedCommand>& commands) {
  std::string described;
  for (const auto& command : commands)
    described += "    " + single_quoted(command.name + ":" + command.summary) + "\n";
  return fmt::format(R"(#compdef ibuild
# zsh completion of ibuild: put it as _ibuild into a directory of $fpath
_ibuild() {{
  local command=build options="" word
  local -a commands
  commands=(
{0}  )
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    if (( ${{commands[(I)$word:*]}} )); then command=$word; break; fi
  done
  case $command in
{1}  esac
  if [[ ${{words[CURRENT]}} == -* ]]; then
    compadd -- ${{=options}}
  else
    (( CURRENT == 2 )) && _describe command commands
    _files
  fi
}}
compdef _ibuild ibuild
)",
                     described, option_cases(commands));
}

std::string fish_completion(const std::vector<ListedCommand>& commands) {
  std::string text =
      "# fish completion of ibuild: put it into ~/.config/fish/completions/ibuild.fish\n";
  const std::string all = command_words(commands);
  for (const auto& command : commands) {
    text += fmt::format("complete -c ibuild -n 'not __fish_seen_subcommand_from {}' -a {} -d {}\n",
                        all, command.name, single_quoted(command.summary));
  }
  for (const auto& command : commands) {
    const std::string seen =
        command.name == "build"
            ? fmt::format(
                  "'__fish_seen_subcommand_from build; or not __fish_seen_subcommand_from {}'", all)
            : fmt::format("'__fish_seen_subcommand_from {}'", command.name);
    for (const auto& option : command.options) {
      text += "complete -c ibuild -n " + seen;
      for (const auto& name : option.names)
        text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      text += (option.takes_value ? " -r" : "") + std::string(" -d ") + single_quoted(option.help) +
              "\n";
    }
  }
  return text;
}

}  // namespace ibuild::cli
