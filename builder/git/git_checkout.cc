// See: git-checkout(1), git-submodule(1), gitrepository-layout(5) "objects/info/alternates".
#include "builder/git/git_checkout.h"

#include <cerrno>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/git/settle_tree.h"
#include "builder/real_path.h"

namespace ibuild::builder {
namespace {

const auto kTree = base::RelPath::exact("tree");
const auto kRepository = base::RelPath::exact("git");

/// The steps of one checkout. `dir` gets "tree", the files, and while they are made "git", their
/// repository.
class Checkout {
 public:
  Checkout(const base::DirFd& dir, const GitCheckout::Origin& from, std::stop_token stop)
      : dir_(dir),
        from_(from),
        stop_(std::move(stop)),
        tree_(real_path(dir) + "/tree"),
        repository_(real_path(dir) + "/git") {
    base::make_dirs(dir, kTree);
  }

  /// The repository beside the tree borrows everything from the mirror.
  void check_out_files_alone() {
    place_ = {"-C", tree_, "--git-dir=" + repository_, "--work-tree=" + tree_};
    run({"init", "--quiet", "--template=", "--object-format=" + object_format()});
    base::write_file_atomically(dir_, kRepository.join("objects/info/alternates"),
                                from_.mirror.path() + "/objects\n");
    run({"checkout", "--quiet", "--force", "--detach", from_.commit.object + "^{commit}"});
    check_complete();
    run({"config", "remote.origin.url",
         from_.remote.url});  // what relative URLs of submodules stand on
  }

  /// The repository in the tree has all it needs, and the ref under its name.
  void check_out_with_git_dir() {
    place_ = {"-C", tree_};
    run({"init", "--quiet", "--template=", "--object-format=" + object_format()});
    const std::string& ref = from_.commit.ref;
    const std::string source = GitMirror::pin(from_.commit.object);
    // The mirror is fetched from like any other repository: hard links to its files would make it
    // writable from here.
    run_by(
        from_.git.with({"protocol.file.allow", "always"}),
        {"fetch", "--quiet", "--update-head-ok", "--no-tags", "--depth=1", "--",
         "file://" + from_.mirror.path(), ref.starts_with("refs/") ? source + ":" + ref : source});
    run({"checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"});
    check_complete();
    run({"remote", "add", "origin", from_.remote.url});
    run({"reflog", "expire", "--all", "--expire=now"});
    base::remove_tree(dir_, kTree.join(".git/FETCH_HEAD"));
  }

  void update_submodules() {
    if (!base::try_lstat_at(dir_, kTree.join(".gitmodules"))) return;
    std::vector<std::string> words = {"submodule", "--quiet",     "update",
                                      "--init",    "--recursive", "--depth=1"};
    auto result = from_.git.try_run(command(words), stop_);
    if (!result.status.success()) {  // not every server gives a commit without its history
      words.pop_back();
      result = from_.git.try_run(command(words), stop_);
    }
    if (!result.status.success()) throw GitProgram::failure(words, result);
  }

  base::TimePoint commit_time() {
    // Asked of the mirror: it alone knows at which commits its history is cut off.
    const GitProgram& git = from_.git;
    const auto text = git.run({"--git-dir=" + from_.mirror.path(), "show", "--no-patch",
                               "--format=%ct", from_.commit.object + "^{commit}"},
                              stop_);
    const auto seconds = base::parse_i64(base::trim(text));
    if (!seconds)
      throw base::Error("git show: \"" + base::printable(text) + "\" is no time of a commit");
    return base::TimePoint(std::chrono::seconds(*seconds));
  }

  void remove_repository() { base::remove_tree(dir_, kRepository); }

 private:
  std::string object_format() const { return from_.commit.object.size() == 64 ? "sha256" : "sha1"; }
  std::vector<std::string> command(const std::vector<std::string>& words) const {
    std::vector<std::string> all = place_;
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  /// Where a directory's object is missing, `git checkout` (2.39) leaves out its files and says
  /// nothing.
  void check_complete() {
    const auto wanted = run({"rev-parse", "--verify", from_.commit.object + "^{tree}"});
    if (run({"write-tree"}) != wanted)
      throw GitMirrorError("git checkout: objects of " + from_.commit.object + " are missing");
  }
  std::string run(const std::vector<std::string>& words) { return run_by(from_.git, words); }
  /// For what needs nothing but the mirror.
  std::string run_by(const GitProgram& git, const std::vector<std::string>& words) {
    auto result = git.try_run(command(words), stop_);
    if (!result.status.success()) throw GitMirrorError(GitProgram::failure(words, result).what());
    return std::move(result.out);
  }

  const base::DirFd& dir_;
  const GitCheckout::Origin& from_;
  std::stop_token stop_;
  const std::string tree_;
  const std::string repository_;
  std::vector<std::string> place_;
};

/// Without the place of the checkout, which is nobody's business.
std::string why_no_directory(const base::SystemError& error) {
  switch (error.error_number()) {
    case ENOENT:
      return "";
    case ENOTDIR:
      return ": it is a file";
    case ELOOP:
      return ": a symbolic link leads there";
    default:
      return std::string(": ") + error.what();
  }
}

base::DirFd check_out(const base::DirFd& dir, const GitCheckout::Origin& from,
                      base::TimePoint& commit_time, std::stop_token stop) {
  const auto& reference = from.reference;
  const auto subdir = base::RelPath::clean(reference.subdir);
  const bool keeps_git = reference.keep_git_dir.value_or(false) && subdir.is_root();
  Checkout checkout(dir, from, std::move(stop));
  keeps_git ? checkout.check_out_with_git_dir() : checkout.check_out_files_alone();
  if (reference.submodules.value_or(true)) checkout.update_submodules();
  TreeRules rules{.git_files =
                      keeps_git ? TreeRules::GitFiles::kept : TreeRules::GitFiles::removed};
  commit_time = checkout.commit_time();
  if (reference.mtime == "commit") rules.mtime = commit_time;
  checkout.remove_repository();
  settle_tree(base::open_dir_at(dir, kTree), rules);
  try {
    return base::open_dir_at(dir, kTree.join(subdir.str()));
  } catch (const base::SystemError& error) {
    throw base::Error("there is no directory " + base::printable(subdir.str()) + " at commit " +
                      from.commit.object.substr(0, 12) + why_no_directory(error));
  }
}

}  // namespace

GitCheckout::GitCheckout(const base::DirFd& temp, const Origin& from, std::stop_token stop)
    : dir_(temp, "checkout-"), root_(check_out(dir_.dir(), from, commit_time_, std::move(stop))) {}

}  // namespace ibuild::builder
