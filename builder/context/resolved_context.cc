#include "builder/context/resolved_context.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "builder/context/context_archive.h"
#include "builder/real_path.h"

namespace ibuild::builder {
namespace {

/// A stream whose first bytes can be looked at before it is read.
class ProbedSource : public base::ByteSource {
 public:
  explicit ProbedSource(base::ByteSource& from) : from_(from) {
    while (size_ < first_.size()) {
      const std::size_t count = from_.read(std::span(first_).subspan(size_));
      if (count == 0) break;
      size_ += count;
    }
  }
  base::Bytes first_bytes() const { return std::span(first_).first(size_); }
  std::size_t read(std::span<std::byte> buffer) override {
    if (given_ == size_) return from_.read(buffer);
    const std::size_t count = std::min(buffer.size(), size_ - given_);
    std::copy_n(first_.begin() + static_cast<std::ptrdiff_t>(given_), count, buffer.begin());
    given_ += count;
    return count;
  }

 private:
  base::ByteSource& from_;
  std::array<std::byte, kArchiveProbeBytes> first_;
  std::size_t size_ = 0;
  std::size_t given_ = 0;
};

/// What is no archive has to be a Dockerfile; other files are found out here.
void check_is_text(base::Bytes first_bytes) {
  if (std::find(first_bytes.begin(), first_bytes.end(), std::byte{0}) == first_bytes.end()) return;
  throw base::Error(
      "the build context is neither a tar (plain, gzip, bzip2, xz or zstd) nor a "
      "Dockerfile");
}

struct Resolver {
  const ContextServices& services;
  std::stop_token stop;

  ResolvedContext operator()(const DirectoryContext& context) const {
    return local_context(context);
  }

  ResolvedContext operator()(const StdinContext&) const {
    ProbedSource input(*services.standard_input);
    if (input.first_bytes().empty())
      throw base::UsageError("the context on standard input (-) is empty");
    if (looks_like_archive(input.first_bytes())) return unpack(input);
    check_is_text(input.first_bytes());
    return {.dockerfile = base::read_all(input, kMaxRemoteDockerfileBytes,
                                         "the Dockerfile on standard input")};
  }

  ResolvedContext operator()(const GitContext& context) const {
    const auto commit = services.git.resolve(context.reference, stop);
    ResolvedContext resolved;
    resolved.checkout.emplace(services.git.check_out(context.reference, commit, stop));
    resolved.directory = real_path(resolved.checkout->root());
    resolved.time = resolved.checkout->commit_time();
    return resolved;
  }

  ResolvedContext operator()(const UrlContext& context) const {
    const auto file = services.files.fetch(
        {.url = context.url, .checksum = {}, .observer = services.observer}, stop);
    base::FdRangeSource body(file.body.get(), 0, file.size_bytes);
    ProbedSource input(body);
    if (looks_like_archive(input.first_bytes())) {
      auto unpacked = unpack(input);
      if (file.last_modified) unpacked.time = file.last_modified;
      return unpacked;
    }
    check_is_text(input.first_bytes());
    auto text = base::read_all(input, kMaxRemoteDockerfileBytes,
                               "the Dockerfile that the URL of the context gives");
    ResolvedContext resolved = make_directory();
    resolved.time = file.last_modified;
    // BuildKit shows such a build the file itself, under this name.
    base::write_file_atomically(resolved.unpacked->dir(), base::RelPath::exact("context"), text,
                                0600);
    resolved.dockerfile = std::move(text);
    return resolved;
  }

  ResolvedContext operator()(const ImageContext&) const {
    throw std::logic_error("an image is no directory");
  }
  ResolvedContext operator()(const LayoutContext&) const {
    throw std::logic_error("an image is no directory");
  }

 private:
  ResolvedContext make_directory() const {
    ResolvedContext resolved;
    resolved.unpacked.emplace(services.store.temp(), "context-");
    resolved.directory = real_path(resolved.unpacked->dir());
    return resolved;
  }
  ResolvedContext unpack(base::ByteSource& archive) const {
    ResolvedContext resolved = make_directory();
    try {
      auto unpacked = unpack_context(archive, resolved.unpacked->dir(), services.warn, stop);
      resolved.time = unpacked.newest;
      resolved.owners = std::move(unpacked.owners);
    } catch (const base::CancelledError&) {
      throw;
    } catch (base::Error& error) {
      error.add_context("the tar of the build context");
      throw;
    }
    return resolved;
  }
};

}  // namespace

ResolvedContext local_context(const DirectoryContext& context) {
  ResolvedContext resolved;
  resolved.directory = context.path;
  resolved.ignore_files = ResolvedContext::IgnoreFiles::apply;
  return resolved;
}

ResolvedContext resolve_context(const ContextSpec& spec, const ContextServices& services,
                                std::stop_token stop) {
  return std::visit(Resolver{services, std::move(stop)}, spec);
}

std::string fetch_dockerfile(const std::string& url, RemoteFiles& files, std::stop_token stop) {
  const auto file = files.fetch({.url = url, .checksum = {}}, std::move(stop));
  base::FdRangeSource body(file.body.get(), 0, file.size_bytes);
  return base::read_all(body, kMaxRemoteDockerfileBytes, "the Dockerfile " + base::printable(url));
}

}  // namespace ibuild::builder
