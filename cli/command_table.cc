#include "cli/command_table.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands/build_command.h"
#include "cli/commands/check_command.h"
#include "cli/commands/completion_command.h"
#include "cli/commands/copy_command.h"
#include "cli/commands/doctor_command.h"
#include "cli/commands/du_command.h"
#include "cli/commands/history_command.h"
#include "cli/commands/images_command.h"
#include "cli/commands/index_command.h"
#include "cli/commands/inspect_command.h"
#include "cli/commands/load_command.h"
#include "cli/commands/lock_command.h"
#include "cli/commands/login_command.h"
#include "cli/commands/logout_command.h"
#include "cli/commands/ls_command.h"
#include "cli/commands/prune_command.h"
#include "cli/commands/pull_command.h"
#include "cli/commands/push_command.h"
#include "cli/commands/rebase_command.h"
#include "cli/commands/rm_command.h"
#include "cli/commands/rmi_command.h"
#include "cli/commands/run_command.h"
#include "cli/commands/save_command.h"
#include "cli/commands/tag_command.h"
#include "cli/commands/version_command.h"
#include "cli/commands/why_command.h"
#include "cli/debug/debug_command.h"

namespace ibuild::cli {

namespace {

int debug(Arguments arguments, CommandContext& context) {
  return run_debug(arguments, context.in, context.out, context.err);
}

constexpr std::array kCommands = {
    Command{"build", "Build an image from a Dockerfile (the default command)", &run_build},
    Command{"check", "Look for mistakes in a Dockerfile, and mend some", &run_check},
    Command{"lock", "Write down the versions of what a build takes from outside", &run_lock},
    Command{"run", "Run a program in an image, in the foreground", &run_run},
    Command{"pull", "Fetch an image from a registry", &run_pull},
    Command{"push", "Send an image to a registry", &run_push},
    Command{"copy", "Copy an image from registry to registry", &run_copy},
    Command{"index", "Make one image index out of images of registries (index create)", &run_index},
    Command{"rebase", "Put an image of a registry onto another base without building it",
            &run_rebase},
    Command{"ls", "List the tags of a repository in a registry", &run_ls},
    Command{"rm", "Remove images from a registry", &run_rm},
    Command{"images", "List the images of the store", &run_images},
    Command{"inspect", "Show all about an image as JSON", &run_inspect},
    Command{"history", "Show how an image came to be", &run_history},
    Command{"tag", "Give an image another name", &run_tag},
    Command{"rmi", "Remove images or names", &run_rmi},
    Command{"save", "Write images to an archive", &run_save},
    Command{"load", "Read images from an archive", &run_load},
    Command{"login", "Store the credentials for a registry", &run_login},
    Command{"logout", "Forget the credentials for a registry", &run_logout},
    Command{"du", "Show what the build cache takes on disk", &run_du},
    Command{"prune", "Remove what the build cache could do without", &run_prune},
    Command{"why", "Tell why steps of the last build ran", &run_why},
    Command{"doctor", "Show what works on this machine, and why not", &run_doctor},
    Command{"completion", "Print a completion script for a shell", &run_completion},
    Command{"version", "Show the version", &run_version},
    Command{"debug", "Tools for those who work on ibuild", &debug, Command::Shown::hidden},
};

const Command* find(std::string_view name) {
  const auto* const found =
      std::ranges::find_if(kCommands, [&](const Command& command) { return command.name == name; });
  return found == kCommands.end() ? nullptr : found;
}

/// How many words the global option at the front takes; 0 when there is none.
std::size_t global_option_words(std::span<const std::string> words) {
  if (words.empty()) return 0;
  if (words[0].starts_with("--root=")) return 1;
  return words[0] == "--root" && words.size() > 1 ? 2 : 0;
}

/// Throws when a word that would be the context of a build is most likely a command that was
/// mistyped: one of letters that is nearly a command's name, and the name of nothing here.
void refuse_mistyped_command(const std::string& word) {
  const bool is_word = std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
  if (word.empty() || !is_word || access(word.c_str(), F_OK) == 0) return;
  std::vector<std::string> names;
  for (const auto& command : kCommands) {
    if (command.shown == Command::Shown::in_help) names.emplace_back(command.name);
  }
  const auto near = base::nearest_word(word, names);
  if (!near) return;
  base::UsageError error(word + " is neither a command nor a directory here");
  error.set_hint("did you mean `ibuild " + *near + "`?");
  throw error;
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

Dispatch dispatch(std::span<const std::string> words) {
  std::size_t at = 0;
  while (const auto taken = global_option_words(words.subspan(at))) at += taken;
  const Command* command = at < words.size() ? find(words[at]) : nullptr;
  if (command == nullptr && at < words.size()) refuse_mistyped_command(words[at]);
  Dispatch result{.command = command != nullptr ? command : find("build"),
                  .arguments = {words.begin(), words.end()}};
  if (command != nullptr)
    result.arguments.erase(result.arguments.begin() + static_cast<std::ptrdiff_t>(at));
  return result;
}

std::string general_help() {
  std::string text =
      "Builds OCI images from Dockerfiles, without a daemon\n"
      "Usage: ibuild [build] [OPTIONS] CONTEXT\n"
      "       ibuild COMMAND [OPTIONS] …\n\nCommands:\n";
  for (const auto& command : kCommands) {
    if (command.shown == Command::Shown::hidden) continue;
    text += fmt::format("  {:<12}{}\n", command.name, command.summary);
  }
  text +=
      "\nA first build:\n"
      "  ibuild -f Dockerfile -t app:1 .\n\n"
      "Exit codes: 0 success, 1 failure, 2 wrong usage, 3 registry, 4 sandbox, 130 cancelled;\n"
      "`ibuild run` exits with the code of the program it ran.\n"
      "`ibuild COMMAND --help` tells more about a command.\n";
  return text;
}

}  // namespace ibuild::cli
