// See: git-fetch(1), gitprotocol-capabilities(5) "allow-tip-sha1-in-want".
#include "builder/git/git_mirror.h"

#include <stdio.h>

#include <optional>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "base/parent_at.h"
#include "builder/real_path.h"

namespace ibuild::builder {
namespace {

base::DirFd make_folder(const base::DirFd& cache, const std::string& url) {
  const auto name = base::RelPath::exact(std::string(base::sha256_of(url).hex()));
  base::make_dirs(cache, name);
  return base::open_dir_at(cache, name);
}

/// Servers and protocols that cannot give a part of the history say so.
bool refuses_depth(const std::string& words) {
  return words.find("shallow") != std::string::npos || words.find("--depth") != std::string::npos;
}

}  // namespace

/// One conversation with the remote.
struct GitMirror::Fetch {
  const GitMirror& mirror;
  const GitProgram& git;
  const GitRemote& remote;
  const GitCommit& commit;
  std::stop_token stop;

  bool has_commit() const {
    return git.try_run(mirror.command({"cat-file", "-e", commit.object + "^{commit}"}), stop)
        .status.success();
  }
  /// Whether all that was fetched so far is still here.
  bool is_sound() const {
    return git.try_run(mirror.command({"rev-list", "--objects", "--all", "--quiet"}), stop)
        .status.success();
  }
  bool is_pinned() const {
    const auto found =
        git.try_run(mirror.command({"rev-parse", "--verify", "--quiet", pin(commit.object)}), stop);
    return found.status.success() && found.out == commit.object + "\n";
  }
  /// Fetches what `source` names there, without its history where the remote allows. None when git
  /// succeeds.
  std::optional<base::Error> try_fetch(const std::string& source) const {
    std::vector<std::string> words = {"fetch",
                                      "--quiet",
                                      "--no-tags",
                                      "--no-write-fetch-head",
                                      "--no-recurse-submodules",
                                      "--force",
                                      "--depth=1",
                                      "--",
                                      remote.url,
                                      source + ":" + pin(commit.object)};
    auto result = git.try_run(mirror.command(words), stop);
    if (!result.status.success() && refuses_depth(result.err)) {
      std::erase(words, "--depth=1");
      result = git.try_run(mirror.command(words), stop);
    }
    if (result.status.success()) return std::nullopt;
    return GitProgram::failure(words, result);
  }
  /// The whole history: the commit may lie in it although the remote gives no commit by hash.
  void fetch_everything() const {
    std::vector<std::string> words = {"fetch",
                                      "--quiet",
                                      "--tags",
                                      "--force",
                                      "--no-write-fetch-head",
                                      "--no-recurse-submodules"};
    const auto shallow = base::RelPath::exact(mirror.name_ + "/shallow");
    if (base::try_lstat_at(mirror.folder_, shallow)) words.emplace_back("--unshallow");
    words.insert(words.end(), {"--", remote.url, "+refs/heads/*:refs/remotes/origin/*"});
    git.run(mirror.command(words), stop);
  }
  void pin_commit() const {
    git.run(mirror.command({"update-ref", pin(commit.object), commit.object}), stop);
  }

  void run() const {
    const bool by_hash = commit.fetch_by == GitCommit::FetchBy::hash;
    auto failure = try_fetch(by_hash ? commit.object : commit.ref);
    if (is_pinned() && has_commit()) return;
    // The ref has moved on since it was looked up, or the remote gives nothing by hash.
    if (!by_hash) failure = try_fetch(commit.object);
    if (is_pinned() && has_commit()) return;
    if (!failure) failure.emplace(commit.object + " is not what the remote sent");
    try {
      fetch_everything();
    } catch (const base::CancelledError&) {
      throw;
    } catch (const base::Error&) {
      throw *failure;  // what was asked for tells more than what was tried at last
    }
    if (!has_commit()) throw *failure;
    pin_commit();
  }
};

GitMirror::GitMirror(const base::DirFd& cache, const base::DirFd& temp, const std::string& url,
                     std::stop_token stop)
    : folder_(make_folder(cache, url)),
      temp_(temp),
      lock_(base::LockFile::acquire(folder_, base::RelPath::exact("lock"),
                                    base::LockFile::Mode::exclusive, std::move(stop))) {}

std::vector<std::string> GitMirror::command(std::vector<std::string> words) const {
  words.insert(words.begin(), "--git-dir=" + path_);
  return words;
}

/// The repository appears whole: it is made elsewhere and renamed.
void GitMirror::open(const GitProgram& git, std::size_t hash_size, std::stop_token stop) {
  const std::string format = hash_size == 64 ? "sha256" : "sha1";
  name_ = format + ".git";
  const auto place = base::RelPath::exact(name_);
  path_ = real_path(folder_) + "/" + name_;
  is_new_ = !base::try_lstat_at(folder_, place);
  if (!is_new_) return;
  base::TempDir fresh(temp_, "git-");
  git.run({"--git-dir=" + real_path(fresh.dir()), "init", "--quiet", "--bare",
           "--template=", "--object-format=" + format},
          std::move(stop));
  const base::ParentAt target(folder_, place);
  if (::renameat(temp_.get(), fresh.name().c_str(), target.fd(), target.name()) != 0) {
    throw base::SystemError("rename to", path_);
  }
  fresh.keep();
}

void GitMirror::fetch(const GitProgram& git, const GitRemote& remote, const GitCommit& commit,
                      std::stop_token stop) {
  open(git, commit.object.size(), stop);
  const Fetch conversation{*this, git, remote, commit, stop};
  if (conversation.is_pinned() && conversation.has_commit()) return;
  // Left behind by a git that was killed; nobody else is here.
  for (const std::string& name : {std::string("shallow.lock"), std::string("packed-refs.lock"),
                                  pin(commit.object) + ".lock"}) {
    base::remove_tree(folder_, base::RelPath::exact(name_ + "/" + name));
  }
  try {
    conversation.run();
  } catch (const base::CancelledError&) {
    throw;
  } catch (const base::Error&) {
    if (conversation.is_sound()) throw;
    discard();
    open(git, commit.object.size(), stop);
    conversation.run();
  }
}

void GitMirror::discard() {
  base::remove_tree(folder_, base::RelPath::exact(name_));
  path_.clear();
}

}  // namespace ibuild::builder
