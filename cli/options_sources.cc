#include "cli/options_sources.h"

#include <cstdlib>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "builder/git/git_remote.h"
#include "cli/options_secrets.h"

namespace ibuild::cli {

namespace {

/// An argument's value; empty when it is not given.
std::string argument(const builder::BuildRequest& request, const std::string& name) {
  const auto found = request.build_args.find(name);
  return found == request.build_args.end() ? "" : found->second.value_or("");
}

builder::ContextSpec parse(const std::string& context) {
  try {
    return builder::parse_context(context);
  } catch (base::UsageError& error) {
    error.add_context("the build context");
    throw;
  }
}

}  // namespace

void SourceOptions::add_to(OptionParser& parser) {
  parser.list("--build-context", "NAME=VALUE", contexts,
              "Further context, in place of an image or stage: a directory, a git repository, the "
              "URL of a file, docker-image://IMAGE or oci-layout://PATH");
  parser.value("--ignorefile", "FILE", ignore_file,
               "Says what of the context is left out (default: <Dockerfile>.dockerignore, "
               ".containerignore or .dockerignore)");
  short_names.add_to(parser);
}

builder::NamedContexts SourceOptions::named_contexts() const {
  const auto rule = short_names.rule();
  builder::NamedContexts named;
  for (const auto& text : contexts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw base::UsageError("--build-context " + base::printable(text) +
                             " is not of the form NAME=VALUE");
    }
    try {
      named.add(text.substr(0, equals),
                builder::parse_named_context(text.substr(equals + 1), rule));
    } catch (base::UsageError& error) {
      error.add_context("--build-context");
      throw;
    }
  }
  return named;
}

builder::ContextSpec read_context_operand(const std::string& context,
                                          const builder::BuildRequest& request) {
  auto spec = parse(context);
  auto* git = std::get_if<builder::GitContext>(&spec);
  if (git == nullptr) return spec;
  if (base::parse_go_bool(argument(request, "BUILDKIT_CONTEXT_KEEP_GIT_DIR")).value_or(false))
    git->reference.keep_git_dir = true;
  if (git->reference.mtime.empty() && !argument(request, "SOURCE_DATE_EPOCH").empty())
    git->reference.mtime = "commit";
  return spec;
}

void lend_agent(const builder::ContextSpec& context, builder::BuildRequest& request) {
  const auto* git = std::get_if<builder::GitContext>(&context);
  if (git == nullptr || request.ssh_agents || std::getenv("SSH_AUTH_SOCK") == nullptr) return;
  if (builder::speaks_ssh(git->reference.fetch_url()))
    request.ssh_agents = make_ssh_agent_lookup({builder::kDefaultSshId});
}

}  // namespace ibuild::cli
