// See: docs/design/store_format.md.
#include "layers/store.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/error.h"
#include "base/scratch_dir.h"
#include "base/text.h"
#include "image/oci_layout.h"
#include "layers/process_temp.h"
#include "layers/store_error.h"
#include "layers/temp_file.h"

namespace ibuild::layers {

namespace {

using base::RelPath;

constexpr std::uint64_t kFormat = 1;
constexpr std::string_view kFormatFile = "ibuild-format";
constexpr std::uint64_t kFormatFileCapBytes = 64;
// Shared by all who count on blobs and layers, exclusive for the one who removes some.
constexpr std::string_view kUseLock = "blobs-in-use";

// Trees of layers hold setuid programs and whatever secrets an image was given: nobody else comes
// in. The rest of the store is as closed, since image contents are nobody else's business; an owner
// who wants to share blobs may open the root with chmod.
constexpr mode_t kPrivate = 0700;
constexpr mode_t kShareable = 0755;

// The format's file among them: another process may just have completed the store.
constexpr std::array<std::string_view, 9> kOwnNames = {"blobs",      "cache",      kFormatFile,
                                                       "index.json", "layers",     "locks",
                                                       "lost+found", "oci-layout", "tmp"};

/// A probe of what steps can be run in (sandbox/child/probe.cc) may be at work here.
bool is_own_name(std::string_view name) {
  return name.starts_with(base::ScratchDir::kPrefix) ||
         std::find(kOwnNames.begin(), kOwnNames.end(), name) != kOwnNames.end();
}

base::DirFd open_root(const std::string& host_path) {
  if (host_path.empty()) throw base::UsageError("the store's path is empty");
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  base::UniqueFd fd(::open(host_path.c_str(), kFlags));
  if (!fd && errno == ENOENT) {
    base::make_host_dirs(host_path, kPrivate);
    fd.reset(::open(host_path.c_str(), kFlags));
  }
  if (!fd) throw_store_error(errno, "open", host_path);
  return {std::move(fd), host_path};
}

base::DirFd open_or_make(const base::DirFd& root, std::string_view name, mode_t mode) {
  const auto path = RelPath::exact(name);
  if (auto fd = base::try_open_at(root, path, O_RDONLY | O_DIRECTORY)) {
    return {std::move(*fd), root.show(path)};
  }
  base::make_dirs(root, path, mode);
  return base::open_dir_at(root, path);
}

/// On ext4 each directory that is made in `dir` begins in a part of the disk of its own (T of
/// chattr(1)). Without a journal ext4 gives out no inode again for minutes, and passes by all of
/// them with each file that it makes beside them: builds that follow each other would go slower and
/// slower. Other file systems do not know the flag, and need none.
void spread_directories(const base::DirFd& dir) {
  int flags = 0;
  if (::ioctl(dir.get(), FS_IOC_GETFLAGS, &flags) != 0) return;
  flags |= FS_TOPDIR_FL;
  (void)::ioctl(dir.get(), FS_IOC_SETFLAGS, &flags);
}

/// A new store may be begun in an empty directory, in an OCI layout, and where somebody began one
/// and was killed. Anything else is somebody's directory, most likely named by mistake.
void check_may_begin_in(const base::DirFd& root) {
  const auto entries = base::list_dir(root);
  const auto foreign = std::find_if(entries.begin(), entries.end(),
                                    [](const auto& entry) { return !is_own_name(entry.name); });
  if (foreign == entries.end()) return;
  base::Error error(root.shown_as() + " is not a store and not empty: it has \"" +
                    base::printable(foreign->name) + "\"");
  error.set_hint("choose an empty or a new directory with --root or IBUILD_ROOT");
  throw error;
}

/// False when there is no format file: the store is new.
bool check_format(const base::DirFd& root) {
  const auto path = RelPath::exact(kFormatFile);
  const auto text = base::try_read_file_at(root, path, kFormatFileCapBytes);
  if (!text) return false;
  const auto format = base::parse_u64(base::trim(*text));
  if (!format || *format == 0) {
    base::ContentError error(root.show(path) +
                             " is damaged: it should hold the number of the store's format");
    error.set_hint("write " + std::to_string(kFormat) +
                   " into it, or choose another store with --root or IBUILD_ROOT");
    throw error;
  }
  if (*format > kFormat) {
    base::Error error("the store " + root.shown_as() + " has format " + std::to_string(*format) +
                      ", made by a newer ibuild; this one knows format " + std::to_string(kFormat));
    error.set_hint("use that newer ibuild, or another store with --root or IBUILD_ROOT");
    throw error;
  }
  return true;
}

/// Once in a store's life, and without it nothing of the store can be read: it has to outlast a
/// loss of power.
void write_file(const base::DirFd& temp, const base::DirFd& root, std::string_view name,
                std::string_view content) {
  TempFile file(temp);
  file.write(base::as_bytes(content));
  file.sync();
  file.move_to(root, std::string(name));
}

class DirectoryStore : public Store {
 public:
  explicit DirectoryStore(base::DirFd root, base::ThreadPool& pool)
      : root_(std::move(root)),
        is_new_(is_new_store(root_)),
        locks_(open_or_make(root_, "locks", kShareable)),
        layers_dir_(open_or_make(root_, "layers", kPrivate)),
        cache_dir_(open_or_make(root_, "cache", kPrivate)),
        temp_(make_temp(root_)),
        content_(root_, temp_.dir()),
        images_(root_, temp_.dir(), locks_),
        layers_(layers_dir_, temp_.dir(), locks_, content_, pool) {
    const auto marker = RelPath::exact(image::kOciLayoutFile);
    if (!base::try_lstat_at(root_, marker)) {
      write_file(temp_.dir(), root_, image::kOciLayoutFile, image::kOciLayoutJson);
    }
    images_.create_if_missing();
    // Last: a store with a format file is complete.
    if (is_new_) write_file(temp_.dir(), root_, kFormatFile, std::to_string(kFormat) + "\n");
  }

  const base::DirFd& root() const override { return root_; }
  const ContentStore& content() const override { return content_; }
  ImageStore& images() override { return images_; }
  const LayerStore& layers() const override { return layers_; }
  const base::DirFd& temp() const override { return temp_.dir(); }
  const base::DirFd& locks() const override { return locks_; }
  const base::DirFd& layers_dir() const override { return layers_dir_; }

  base::DirFd cache_dir(const std::string& name) const override {
    return open_or_make(cache_dir_, name, kPrivate);
  }
  base::LockFile hold_against_gc(std::stop_token stop) const override {
    return base::LockFile::acquire(locks_, RelPath::exact(kUseLock), base::LockFile::Mode::shared,
                                   std::move(stop));
  }
  std::optional<base::LockFile> try_lock_for_gc() const override {
    return base::LockFile::try_acquire(locks_, RelPath::exact(kUseLock),
                                       base::LockFile::Mode::exclusive);
  }
  void sync() const override {
    if (::syncfs(root_.get()) != 0) throw_store_error(errno, "sync", root_.shown_as());
  }

 private:
  static bool is_new_store(const base::DirFd& root) {
    if (check_format(root)) return false;
    check_may_begin_in(root);
    return true;
  }
  static base::DirFd make_temp(const base::DirFd& root) {
    const bool is_new = !base::try_lstat_at(root, RelPath::exact("tmp"));
    base::DirFd tmp = open_or_make(root, "tmp", kPrivate);
    if (is_new) spread_directories(tmp);
    remove_abandoned_temps(tmp);
    return tmp;
  }

  base::DirFd root_;
  bool is_new_;
  base::DirFd locks_;
  base::DirFd layers_dir_;
  base::DirFd cache_dir_;
  ProcessTemp temp_;
  ContentStore content_;
  ImageStore images_;
  LayerStore layers_;
};

/// None when unset or empty.
std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace

std::unique_ptr<Store> Store::open(const std::string& host_path, base::ThreadPool& pool) {
  try {
    return std::make_unique<DirectoryStore>(open_root(host_path), pool);
  } catch (base::SystemError& error) {
    error.add_context("open the store " + host_path);
    if (error.hint().empty()) error.set_hint(store_hint(error.error_number()));
    throw;
  }
}

std::string Store::default_path(unsigned uid) {
  if (auto root = environment("IBUILD_ROOT")) return *root;
  if (uid == 0) return "/var/lib/ibuild";
  // XDG base directory specification: a relative path there is to be ignored.
  if (auto data = environment("XDG_DATA_HOME"); data && data->starts_with('/'))
    return *data + "/ibuild";
  if (auto home = environment("HOME")) return *home + "/.local/share/ibuild";
  throw base::UsageError("HOME is not set: say where the store is with --root or IBUILD_ROOT");
}

}  // namespace ibuild::layers
