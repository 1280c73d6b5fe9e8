// COPY and ADD of InstructionPlanner.

#include "base/rel_path.h"
#include "base/text.h"
#include "builder/git/git_remote.h"
#include "builder/plan/instruction_planner.h"
#include "builder/plan/located.h"
#include "builder/plan/remote_source.h"
#include "parser/chmod.h"
#include "parser/go_url.h"

namespace ibuild::builder {
namespace {

std::string history_flags(const CopyOp& op) {
  std::string text;
  if (op.parents) text += " --parents";
  if (!op.chown.empty()) text += " --chown=" + op.chown;
  if (!op.chmod.empty()) text += " --chmod=" + op.chmod;
  return text;
}

/// Options may be given by flags and in the reference itself, but not both ways at once.
parser::GitReference with_add_flags(parser::GitReference git, const std::string& checksum,
                                    std::optional<bool> keep_git_dir) {
  if (keep_git_dir && git.keep_git_dir && *keep_git_dir != *git.keep_git_dir)
    throw base::UsageError("inconsistent keep-git-dir configuration");
  if (!checksum.empty() && !git.checksum.empty() && checksum != git.checksum) {
    throw base::UsageError("checksum mismatch: the flag says " + base::printable(checksum) +
                           ", the reference " + base::printable(git.checksum));
  }
  if (!git.keep_git_dir) git.keep_git_dir = keep_git_dir;
  if (git.checksum.empty()) git.checksum = checksum;
  return git;
}

}  // namespace

std::string InstructionPlanner::destination(const std::string& path) const {
  if (path.starts_with('/')) return path;
  const std::string written = path.empty() || path == "." ? "./" : path;
  std::string joined = base::RelPath::clean(state_.working_dir() + "/" + written).absolute();
  // A slash or "/." at the end says that a directory is meant.
  if (written.ends_with('/') && !joined.ends_with('/')) joined += "/";
  if (written.ends_with("/.")) joined += joined == "/" ? "." : "/.";
  return joined;
}

CopyOp InstructionPlanner::copy_basics(const parser::CopySources& sources, const std::string& chown,
                                       const std::string& chmod) const {
  CopyOp op;
  op.chown = expand(chown);
  op.chmod = expand(chmod);
  if (!op.chmod.empty())
    located(
        range(), [&] { return parser::FileMode::parse(op.chmod); }, "bad-chmod");
  for (const auto& path : sources.paths) op.paths.push_back({expand(path)});
  for (const auto& file : sources.inline_files) {
    op.inline_files.push_back(file);
    if (!file.expand) continue;
    op.inline_files.back().content =
        located(range(), [&] { return expander().expand_heredoc(file.content).text; });
  }
  return op;
}

void InstructionPlanner::add_copy(CopyOp op, const std::string& written_destination) {
  std::string text = op.verb == CopyOp::Verb::add ? "ADD" : "COPY";
  text += history_flags(op);
  for (const auto& path : op.paths) text += " " + path.text;
  for (const auto& file : op.inline_files) text += " <<" + file.name;
  text += " " + written_destination + " # buildkit";
  op.destination = destination(written_destination);
  const StepId step = add_step(std::move(op), vertex_text());
  state_.add_history(text, step);
}

void InstructionPlanner::operator()(const parser::Copy& copy) {
  CopyOp op = copy_basics(copy.sources, copy.chown, copy.chmod);
  op.from = context_.find_source(current_->sources.at(0), copy.from, "copy", range());
  op.excludes = copy.excludes;  // as they are: BuildKit expands no variables there
  op.parents = copy.parents;
  op.link = copy.link && op.chmod.empty();  // BuildKit's own condition
  for (const auto& path : op.paths) {
    const auto kind = located(range(), [&] { return remote_source_kind(path.text); });
    if (kind == RemoteKind::git) fail("remote-copy", "source can't be a git ref for COPY");
    if (kind == RemoteKind::http) fail("remote-copy", "source can't be a URL for COPY");
  }
  add_copy(std::move(op), expand(copy.sources.destination));
}

/// What a source of ADD is when it is none of the context.
decltype(CopyPath::remote) InstructionPlanner::remote_source(const std::string& path,
                                                             const parser::Add& add) const {
  const std::string checksum = expand(add.checksum);
  switch (located(range(), [&] { return remote_source_kind(path); })) {
    case RemoteKind::none:
      return {};
    case RemoteKind::git: {
      const auto git = located(range(), [&] {
        return with_add_flags(*parser::parse_git_reference(path), checksum, add.keep_git_dir);
      });
      put_off([&] { located(range(), [&] { check_git_reference(git); }); });
      return git;
    }
    case RemoteKind::http:
      break;
  }
  put_off([&] {
    located(
        range(), [&] { parser::check_url_escapes(path); }, "bad-url");
  });
  UrlSource source{path, std::nullopt};
  if (checksum.empty()) return source;
  source.checksum = base::Digest::try_parse(checksum);
  if (!source.checksum) {
    fail("bad-checksum", "invalid checksum digest format: \"" + base::printable(checksum) +
                             "\" is not sha256: and 64 hex digits");
  }
  return source;
}

void InstructionPlanner::operator()(const parser::Add& add) {
  CopyOp op = copy_basics(add.sources, add.chown, add.chmod);
  op.verb = CopyOp::Verb::add;
  op.from = ContextRef{};
  op.excludes = add.excludes;
  op.link = add.link && op.chmod.empty();
  op.unpack = add.unpack.value_or(true);
  op.unpack_remote = add.unpack.value_or(false);
  for (auto& path : op.paths) path.remote = remote_source(path.text, add);
  const bool has_checksum = !expand(add.checksum).empty();
  if (has_checksum && op.paths.size() != 1)
    fail("bad-checksum", "checksum can't be specified for multiple sources");
  if (has_checksum && op.paths[0].is_local() && !parser::parse_git_reference(op.paths[0].text))
    fail("bad-checksum", "checksum requires HTTP(S) or Git sources");
  add_copy(std::move(op), expand(add.sources.destination));
}

}  // namespace ibuild::builder
