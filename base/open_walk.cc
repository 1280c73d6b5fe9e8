// See: openat2(2), RESOLVE_IN_ROOT and RESOLVE_NO_SYMLINKS; path_resolution(7).
#include "base/open_walk.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <deque>

#include "base/text.h"

namespace ibuild::base {

namespace {

constexpr int kMaxLinks = 40;  // as the kernel has it
constexpr int kLookFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;

UniqueFd failed(int error_number) {
  errno = error_number;
  return {};
}

class Walk {
 public:
  Walk(int root, const RelPath& path, Links links) : root_(root), links_(links) {
    for (std::string_view part : path.components()) pending_.emplace_back(part);
  }

  UniqueFd open(int flags, mode_t mode) {
    if (!go_to_root()) return {};
    while (!pending_.empty()) {
      const std::string part = std::move(pending_.front());
      pending_.pop_front();
      if (part == ".") continue;
      if (part == "..") {
        if (!go_up()) return {};
        continue;
      }
      if (pending_.empty()) {
        if (auto opened = open_last(part, flags, mode)) return *std::move(opened);
        if (errno != 0) return {};
        continue;
      }
      if (!step_into(part)) return {};
    }
    return UniqueFd(::openat(here_.get(), ".", flags | O_CLOEXEC, mode));
  }

 private:
  bool go_to_root() {
    here_.reset(::openat(root_, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    above_.clear();
    return here_.valid();
  }

  /// Walks down again from the root: a directory's own ".." may lie elsewhere by now.
  bool go_up() {
    auto names = std::move(above_);
    if (!go_to_root()) return false;
    if (!names.empty()) names.pop_back();
    for (std::string& name : names) {
      UniqueFd next(::openat(here_.get(), name.c_str(), kLookFlags | O_DIRECTORY));
      if (!next) return false;
      here_ = std::move(next);
      above_.push_back(std::move(name));
    }
    return true;
  }

  bool step_into(const std::string& name) {
    UniqueFd next(::openat(here_.get(), name.c_str(), kLookFlags));
    struct stat info {};
    if (!next || ::fstat(next.get(), &info) != 0) return false;
    if (S_ISLNK(info.st_mode)) return follow(next.get());
    if (!S_ISDIR(info.st_mode)) {
      errno = ENOTDIR;
      return false;
    }
    here_ = std::move(next);
    above_.push_back(name);
    return true;
  }

  /// Puts the link's target before what is left to walk.
  bool follow(int link) {
    if (links_ == Links::refuse || ++followed_ > kMaxLinks) {
      errno = ELOOP;
      return false;
    }
    char target[4096];
    const ssize_t size = ::readlinkat(link, "", target, sizeof target);
    if (size < 0) return false;
    const std::string_view text(target, static_cast<std::size_t>(size));
    if (text.empty()) {
      errno = ENOENT;
      return false;
    }
    std::deque<std::string> parts;
    for (std::string_view part : split(text, '/')) {
      if (!part.empty()) parts.emplace_back(part);
    }
    if (text.ends_with('/')) parts.emplace_back(".");  // what it names must be a directory
    pending_.insert(pending_.begin(), parts.begin(), parts.end());
    return text.front() != '/' || go_to_root();
  }

  /// Opens the last name. No value and errno 0 when it was a link whose target is to be walked now.
  std::optional<UniqueFd> open_last(const std::string& name, int flags, mode_t mode) {
    const bool wants_link = (flags & O_PATH) != 0 && (flags & O_NOFOLLOW) != 0;
    const bool wants_new = (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0;
    UniqueFd found(wants_link || wants_new ? -1 : ::openat(here_.get(), name.c_str(), kLookFlags));
    struct stat info {};
    if (found && ::fstat(found.get(), &info) != 0) return UniqueFd();
    if (found && S_ISLNK(info.st_mode)) {
      if ((flags & O_NOFOLLOW) != 0) return failed(ELOOP);
      if (!follow(found.get())) return UniqueFd();
      errno = 0;
      return std::nullopt;
    }
    return UniqueFd(::openat(here_.get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
  }

  int root_;
  Links links_;
  UniqueFd here_;
  std::vector<std::string> above_;  // names from the root down to here_
  std::deque<std::string> pending_;
  int followed_ = 0;
};

}  // namespace

UniqueFd open_by_walk(int dir, const RelPath& path, int flags, mode_t mode, Links links) {
  return Walk(dir, path, links).open(flags, mode);
}

}  // namespace ibuild::base
