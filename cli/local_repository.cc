// See: docs.docker.com/build/building/variables, "BUILDX_GIT_INFO".
#include "cli/local_repository.h"

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/child.h"
#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "builder/attest/image_sources.h"

namespace ibuild::cli {

namespace {

constexpr std::chrono::seconds kTimeout{20};

bool is_set(const char* variable, bool otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : base::parse_go_bool(text).value_or(otherwise);
}

/// "full" is what older releases of buildx called it.
bool wants_labels() {
  const char* text = std::getenv("BUILDX_GIT_LABELS");
  return text != nullptr &&
         (std::string_view(text) == "full" || base::parse_go_bool(text).value_or(false));
}

/// Asks git about one directory, and writes nothing there.
class WorkTree {
 public:
  WorkTree(std::string directory, std::stop_token stop)
      : directory_(std::move(directory)), stop_(std::move(stop)) {}

  /// What git prints without the line's end; none when it fails or cannot be started.
  std::optional<std::string> ask(const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv = {
        "git", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "-C", directory_};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    try {
      const auto result = base::run_program(
          argv, {.extra_env = {"GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C"},
                 .group = base::ProgramOptions::Group::own,
                 .output_cap_bytes = 16 << 20,
                 .timeout = kTimeout,
                 .stop = stop_});
      if (!result.status.success()) return std::nullopt;
      return std::string(base::trim(result.out));
    } catch (const base::CancelledError&) {
      throw;
    } catch (const base::Error&) {
      return std::nullopt;  // a build goes on without it
    }
  }

  /// The same, and none for nothing at all.
  std::optional<std::string> ask_text(const std::vector<std::string>& arguments) const {
    auto text = ask(arguments);
    return text && !text->empty() ? text : std::nullopt;
  }

 private:
  std::string directory_;
  std::stop_token stop_;
};

/// Where a directory lies.
struct Place {
  std::string top;     // of the work tree
  std::string inside;  // "." at the top
};

std::optional<Place> find_place(const WorkTree& tree) {
  const auto inside = tree.ask({"rev-parse", "--is-inside-work-tree"});
  auto top = tree.ask_text({"rev-parse", "--show-toplevel"});
  auto prefix = tree.ask({"rev-parse", "--show-prefix"});
  if (inside != "true" || !top || !prefix) return std::nullopt;
  while (prefix->ends_with('/')) prefix->pop_back();
  return Place{*std::move(top), prefix->empty() ? "." : *std::move(prefix)};
}

std::optional<std::string> find_source(const WorkTree& tree) {
  std::vector<std::string> remotes = {"origin", "upstream"};
  if (const auto branch = tree.ask_text({"symbolic-ref", "-q", "--short", "HEAD"})) {
    if (auto remote = tree.ask_text({"config", "--local", "branch." + *branch + ".remote"}))
      remotes.insert(remotes.begin(), *std::move(remote));
  }
  for (const auto& remote : remotes) {
    if (const auto url = tree.ask_text({"remote", "get-url", "--", remote}))
      return builder::without_credentials(*url);
  }
  return std::nullopt;
}

std::optional<std::string> find_revision(const WorkTree& tree) {
  auto revision = tree.ask_text({"rev-parse", "--verify", "-q", "HEAD"});
  if (revision && is_set("BUILDX_GIT_CHECK_DIRTY", false) &&
      tree.ask_text({"status", "--porcelain", "--ignored=no"})) {
    *revision += "-dirty";
  }
  return revision;
}

}  // namespace

std::map<std::string, std::string> describe_repository(const std::string& context_directory,
                                                       const std::string& dockerfile_directory,
                                                       std::stop_token stop) {
  if (!is_set("BUILDX_GIT_INFO", true)) return {};
  const WorkTree tree(context_directory, stop);
  const auto place = find_place(tree);
  if (!place) return {};
  std::map<std::string, std::string> known = {{"localdir:context", place->inside}};
  if (!dockerfile_directory.empty()) {
    const auto other = find_place(WorkTree(dockerfile_directory, std::move(stop)));
    if (other && other->top == place->top) known["localdir:dockerfile"] = other->inside;
  }
  if (auto revision = find_revision(tree)) known["revision"] = *std::move(revision);
  if (auto source = find_source(tree)) known["source"] = *std::move(source);
  return known;
}

std::map<std::string, std::string> repository_labels(const std::string& context_directory,
                                                     const std::string& dockerfile,
                                                     std::stop_token stop) {
  if (!wants_labels()) return {};
  const WorkTree tree(context_directory, stop);
  const auto place = find_place(tree);
  if (!place) return {};
  std::map<std::string, std::string> labels;
  if (auto revision = find_revision(tree))
    labels["org.opencontainers.image.revision"] = *std::move(revision);
  if (auto source = find_source(tree))
    labels["org.opencontainers.image.source"] = *std::move(source);
  if (dockerfile.empty()) return labels;
  const auto slash = dockerfile.rfind('/');
  const auto name = dockerfile.substr(slash + 1);  // npos + 1: all of it
  const auto directory = slash == std::string::npos ? "." : dockerfile.substr(0, slash + 1);
  const auto other = find_place(WorkTree(directory, std::move(stop)));
  if (other && other->top == place->top) {
    labels["com.docker.image.source.entrypoint"] =
        other->inside == "." ? name : other->inside + "/" + name;
  }
  return labels;
}

}  // namespace ibuild::cli
