#include "builder/export/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"

namespace ibuild::builder {

namespace {

class StandardOutput : public OutputFile {
 public:
  base::ByteSink& sink() override { return sink_; }
  void commit() override {}

 private:
  base::FdSink sink_{STDOUT_FILENO};
};

class WholeFile : public OutputFile {
 public:
  WholeFile(const base::DirFd& dir, const base::RelPath& name) : file_(dir, name) {}
  base::ByteSink& sink() override { return file_; }
  void commit() override { file_.commit(); }

 private:
  base::AtomicFile file_;
};

/// A device, a fifo or a socket cannot be replaced by a rename: it is written to.
class SpecialFile : public OutputFile {
 public:
  explicit SpecialFile(base::UniqueFd fd) : fd_(std::move(fd)), sink_(fd_.get()) {}
  base::ByteSink& sink() override { return sink_; }
  void commit() override {}

 private:
  base::UniqueFd fd_;
  base::FdSink sink_;
};

}  // namespace

std::unique_ptr<OutputFile> OutputFile::open(const std::string& dest) {
  if (dest == "-") return std::make_unique<StandardOutput>();
  const std::size_t slash = dest.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : dest.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? dest : dest.substr(slash + 1);
  const base::DirFd dir = base::DirFd::open(parent);
  if (name.empty() || name == "." || name == "..") {
    throw base::UsageError("output dest=" + dest + " is a directory, not a file");
  }
  const base::RelPath path = base::RelPath::exact(name);
  if (const auto existing = base::try_lstat_at(dir, path)) {
    if (S_ISDIR(existing->st_mode)) {
      throw base::UsageError("output dest=" + dest + " is a directory, not a file");
    }
    if (!S_ISREG(existing->st_mode) && !S_ISLNK(existing->st_mode)) {
      return std::make_unique<SpecialFile>(base::open_at(dir, path, O_WRONLY));
    }
  }
  return std::make_unique<WholeFile>(dir, path);
}

}  // namespace ibuild::builder
