#include "builder/export/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/files.h"
#include "base/stoppable_stream.h"

namespace ibuild::builder {

namespace {

class StandardOutput : public OutputFile, private base::ByteSink {
 public:
  explicit StandardOutput(std::stop_token stop) : sink_(STDOUT_FILENO, std::move(stop)) {}
  base::ByteSink& sink() override { return *this; }
  void commit() override {}

 private:
  void write(base::Bytes bytes) override {
    try {
      sink_.write(bytes);
    } catch (const base::SystemError& error) {
      if (error.error_number() == EPIPE) throw OutputClosed();
      throw;
    }
  }

  base::StoppableSink sink_;
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
  SpecialFile(base::UniqueFd fd, std::stop_token stop)
      : fd_(std::move(fd)), sink_(fd_.get(), std::move(stop)) {}
  base::ByteSink& sink() override { return sink_; }
  void commit() override {}

 private:
  base::UniqueFd fd_;
  base::StoppableSink sink_;
};

/// What is there and cannot be replaced by a rename, also behind a link (/dev/stdout); none when
/// there is none.
base::UniqueFd try_open_special(const std::string& dest, const std::stop_token& stop) {
  struct stat status {};
  if (::stat(dest.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return {};
  if (S_ISDIR(status.st_mode))
    throw base::UsageError("output dest=" + dest + " is a directory, not a file");
  if (S_ISFIFO(status.st_mode)) return base::open_fifo_for_writing(dest, stop);
  base::UniqueFd fd(::open(dest.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) throw base::SystemError("open", dest);
  return fd;
}

}  // namespace

OutputClosed::OutputClosed()
    : Error("write to standard output: whoever read it went away before the end") {}

std::unique_ptr<OutputFile> OutputFile::open(const std::string& dest, std::stop_token stop) {
  if (dest == "-" || dest == "/dev/stdout")
    return std::make_unique<StandardOutput>(std::move(stop));
  if (auto fd = try_open_special(dest, stop))
    return std::make_unique<SpecialFile>(std::move(fd), std::move(stop));
  const std::size_t slash = dest.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : dest.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? dest : dest.substr(slash + 1);
  const base::DirFd dir = base::DirFd::open(parent);
  if (name.empty() || name == "." || name == "..") {
    throw base::UsageError("output dest=" + dest + " is a directory, not a file");
  }
  return std::make_unique<WholeFile>(dir, base::RelPath::exact(name));
}

}  // namespace ibuild::builder
