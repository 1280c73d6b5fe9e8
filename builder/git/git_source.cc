#include "builder/git/git_source.h"

#include <utility>

#include "base/error.h"

namespace ibuild::builder {
namespace {

template <typename F>
auto with_context(const std::string& what, F&& f) {
  try {
    return f();
  } catch (const base::UsageError&) {
    throw;
  } catch (const base::CancelledError&) {
    throw;
  } catch (base::Error& error) {
    error.add_context(what);
    throw;
  }
}

}  // namespace

GitProgram GitSource::program_for(const GitRemote& remote) const {
  GitProgram::Options options{.settings = options_.settings, .ssh = options_.ssh};
  if (options_.ssh_agents && speaks_ssh(remote.url)) {
    if (const auto agent = options_.ssh_agents(kDefaultSshId))
      options.ssh.agent_socket = agent->socket_path;
  }
  options.settings.insert(options.settings.end(), remote.settings.begin(), remote.settings.end());
  return GitProgram(std::move(options));
}

GitCommit GitSource::ask(const GitRemote& remote, const parser::GitReference& reference,
                         std::stop_token stop) const {
  const bool pinned = is_object_hash(reference.ref);
  if (options_.lock == nullptr || pinned)
    return resolve_git_reference(program_for(remote), remote, reference, std::move(stop));
  const std::string name = remote.url + "#" + reference.ref;
  auto wanted = reference;
  if (const auto version = options_.lock->pinned(SourceLock::Kind::git, name))
    wanted.ref = *version;
  auto commit = resolve_git_reference(program_for(remote), remote, wanted, std::move(stop));
  options_.lock->note(SourceLock::Kind::git, name, commit.commit);
  return commit;
}

GitCommit GitSource::resolve(const parser::GitReference& reference, std::stop_token stop) {
  check_git_reference(reference);
  const auto remote = make_git_remote(reference.fetch_url(), options_.secrets);
  const std::string name = remote.url + "#" + reference.ref + "#" + reference.checksum;
  {
    auto resolved = resolved_.lock();
    if (const auto known = resolved->find(name); known != resolved->end()) return known->second;
  }
  const auto commit = with_context("git repository " + remote.url,
                                   [&] { return ask(remote, reference, std::move(stop)); });
  // Two steps may have asked at once: the first answer holds for both.
  return resolved_.lock()->try_emplace(name, commit).first->second;
}

GitCheckout GitSource::check_out(const parser::GitReference& reference, const GitCommit& commit,
                                 std::stop_token stop) {
  const auto remote = make_git_remote(reference.fetch_url(), options_.secrets);
  const auto git = program_for(remote);
  return with_context("git repository " + remote.url, [&] {
    GitMirror mirror(store_.cache_dir("git"), store_.temp(), remote.url, stop);
    const GitCheckout::Origin origin{mirror, git, remote, commit, reference};
    mirror.fetch(git, remote, commit, stop);
    try {
      return GitCheckout(store_.temp(), origin, stop);
    } catch (const GitMirrorError&) {
      // A fetch leaves out what seems to be here, so that damage is seen only now.
      if (mirror.is_new()) throw;
    }
    mirror.discard();
    mirror.fetch(git, remote, commit, stop);
    return GitCheckout(store_.temp(), origin, stop);
  });
}

std::string git_content_name(const parser::GitReference& reference, const GitCommit& commit) {
  const bool keeps_git =
      reference.keep_git_dir.value_or(false) && base::RelPath::clean(reference.subdir).is_root();
  std::string name = keeps_git ? commit.object + ".git#" + commit.ref : commit.commit;
  if (!reference.subdir.empty()) name += ":" + base::RelPath::clean(reference.subdir).str();
  if (!reference.submodules.value_or(true)) name += " without submodules";
  if (reference.mtime == "commit") name += " mtime=commit";
  return name;
}

}  // namespace ibuild::builder
