#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/parent_at.h"

namespace ibuild::base {

namespace {

/// Removes directories and what is below them. Holds the descriptor of the directory it is in and
/// finds back by "..", which must still be the directory it came from. So depth costs memory only.
class TreeRemover {
 public:
  TreeRemover(int top, std::string shown_as)
      : here_(::openat(top, ".", O_PATH | O_DIRECTORY | O_CLOEXEC)),
        shown_as_(std::move(shown_as)) {
    if (!here_) fail();
    levels_.push_back({identity_of(here_.get()), "", {}});
  }

  void remove(std::string name) {
    levels_.back().directories.push_back(std::move(name));
    run();
  }

  void remove_content() {
    scan();
    run();
  }

 private:
  struct Identity {
    dev_t device;
    ino_t inode;
    bool operator==(const Identity&) const = default;
  };
  struct Level {
    Identity identity;
    std::string name;
    std::vector<std::string> directories;  // still to be removed
  };

  void run() {
    for (;;) {
      auto& left = levels_.back().directories;
      if (!left.empty()) {
        std::string name = std::move(left.back());
        left.pop_back();
        enter(std::move(name));
      } else if (levels_.size() > 1) {
        leave();
      } else {
        return;
      }
    }
  }

  [[noreturn]] void fail() const { throw SystemError("remove", shown_as_); }

  Identity identity_of(int fd) const {
    struct stat info {};
    if (::fstat(fd, &info) != 0) fail();
    return {info.st_dev, info.st_ino};
  }

  /// Opens a directory for reading. Gives its owner all rights where they lack; no value when it is
  /// gone.
  std::optional<UniqueFd> open_dir(const std::string& name) const {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    UniqueFd fd(::openat(here_.get(), name.c_str(), kFlags));
    if (!fd && errno == EACCES &&
        ::fchmodat(here_.get(), name.c_str(), 0700, AT_SYMLINK_NOFOLLOW) == 0) {
      fd.reset(::openat(here_.get(), name.c_str(), kFlags));
    }
    if (!fd && errno == ENOENT) return std::nullopt;
    if (!fd) fail();
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) fail();
    // A failure shows itself at the first unlink, if the rights were needed at all.
    if ((info.st_mode & 0700) != 0700) (void)::fchmod(fd.get(), (info.st_mode & 07777) | 0700);
    return fd;
  }

  void enter(std::string name) {
    auto opened = open_dir(name);
    if (!opened) return;
    here_ = *std::move(opened);
    levels_.push_back({identity_of(here_.get()), std::move(name), {}});
    scan();
  }

  /// Unlinks the files here and notes the directories.
  void scan() {
    auto& directories = levels_.back().directories;
    try {
      for (DirEntry& entry : list_dir(DirFd(UniqueFd(dup_here()), shown_as_))) {
        if (entry.type == DT_DIR || !unlink_file(entry.name)) {
          directories.push_back(std::move(entry.name));
        }
      }
    } catch (const SystemError& error) {
      if (error.error_number() != ENOENT) throw;  // somebody else has removed this directory
    }
  }

  int dup_here() const {
    const int fd = ::fcntl(here_.get(), F_DUPFD_CLOEXEC, 3);
    if (fd < 0) fail();
    return fd;
  }

  /// False when it is a directory.
  bool unlink_file(const std::string& name) const {
    if (::unlinkat(here_.get(), name.c_str(), 0) == 0 || errno == ENOENT) return true;
    if (errno != EISDIR) fail();
    return false;
  }

  void leave() {
    const std::string name = std::move(levels_.back().name);
    levels_.pop_back();
    UniqueFd up(::openat(here_.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!up) fail();
    if (identity_of(up.get()) != levels_.back().identity) {
      throw Error("remove " + shown_as_ + ": a directory was moved away meanwhile");
    }
    here_ = std::move(up);
    if (::unlinkat(here_.get(), name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) fail();
  }

  UniqueFd here_;
  std::string shown_as_;
  std::vector<Level> levels_;
};

}  // namespace

void remove_tree(const DirFd& dir, const RelPath& path) {
  if (path.is_root()) {
    TreeRemover(dir.get(), dir.shown_as()).remove_content();
    return;
  }
  const auto parent = ParentAt::try_open(dir, path);
  if (!parent) return;
  if (::unlinkat(parent->fd(), parent->name(), 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR) throw SystemError("remove", dir.show(path));
  TreeRemover(parent->fd(), dir.show(path)).remove(parent->name());
}

}  // namespace ibuild::base
