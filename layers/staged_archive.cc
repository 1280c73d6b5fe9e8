#include "layers/staged_archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "layers/any_decompressor.h"
#include "layers/tar_reader.h"

namespace ibuild::layers {

namespace {

// A thousand images of thirty layers fit. Bounds the memory for names.
constexpr std::size_t kMaxEntries = 65536;
constexpr int kMaxLinks = 16;

class StoppableSource : public base::ByteSource {
 public:
  StoppableSource(base::ByteSource& from, std::stop_token stop)
      : from_(from), stop_(std::move(stop)) {}
  std::size_t read(std::span<std::byte> buffer) override {
    if (stop_.stop_requested()) throw base::CancelledError();
    return from_.read(buffer);
  }

 private:
  base::ByteSource& from_;
  std::stop_token stop_;
};

/// Keeps the first bytes of what is read through it.
class RememberingSource : public base::ByteSource {
 public:
  explicit RememberingSource(base::ByteSource& from) : from_(from) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = from_.read(buffer);
    const std::size_t kept = std::min(count, kTarBlockBytes - first_.size());
    first_ += base::as_text(base::Bytes(buffer).first(kept));
    return count;
  }
  const std::string& first_bytes() const { return first_; }

 private:
  static constexpr std::size_t kTarBlockBytes = 512;
  base::ByteSource& from_;
  std::string first_;
};

/// Whether somebody named the wrong file. A tar's header holds zeros.
bool is_text(const std::string& bytes) {
  const auto is_of_text = [](unsigned char c) {
    return c >= 0x20 ? c != 0x7f : c == '\n' || c == '\r' || c == '\t';
  };
  return !bytes.empty() && std::ranges::all_of(bytes, is_of_text);
}

base::ContentError no_archive(const std::string& text) {
  constexpr std::size_t kShownBytes = 40;
  const std::string line = text.substr(0, text.find_first_of("\r\n")).substr(0, kShownBytes);
  base::ContentError error("this is no image archive, but a text that begins with \"" +
                           base::printable(line) + "\"");
  error.set_hint("an archive is what `ibuild save`, `docker save` or `skopeo copy` writes");
  return error;
}

/// Where a symbolic link leads, with the archive's root as "/".
std::string target_of(const LayerEntry& link) {
  const bool is_absolute = link.link_target.starts_with('/');
  const std::string from = is_absolute ? std::string() : link.path.parent().str() + "/";
  return base::RelPath::clean(from + link.link_target).str();
}

}  // namespace

/// Fills an archive entry by entry.
class StagedArchive::Reader {
 public:
  explicit Reader(StagedArchive& archive) : archive_(archive) {}

  void read(base::ByteSource& in) {
    const auto plain = make_any_decompressor(in);
    RememberingSource source(*plain);
    std::size_t count = 0;
    try {
      read_entries(source, count);
    } catch (const base::ContentError&) {
      if (count == 0 && is_text(source.first_bytes())) throw no_archive(source.first_bytes());
      throw;
    }
    if (count == 0) throw base::ContentError("the archive is empty");
  }

 private:
  void read_entries(base::ByteSource& source, std::size_t& count) {
    TarReader tar(source);
    while (const auto entry = tar.next()) {
      if (++count > kMaxEntries) {
        throw base::ContentError("the archive has more than " + std::to_string(kMaxEntries) +
                                 " entries");
      }
      take(*entry, tar.data());
    }
    tar.drain();
  }

  void take(const LayerEntry& entry, base::ByteSource& data) {
    const std::string& path = entry.path.str();
    switch (entry.type) {
      case EntryType::directory:
        return;
      case EntryType::file:
        forget(path);
        archive_.files_.emplace(path, stage(data));
        return;
      case EntryType::symlink:
        forget(path);
        archive_.links_.emplace(path, target_of(entry));
        return;
      case EntryType::hardlink:
        forget(path);
        archive_.links_.emplace(path, entry.link_target);
        return;
      default:
        throw base::ContentError("\"" + base::printable(path) +
                                 "\" in the archive is neither a file nor a directory nor a link");
    }
  }

  void forget(const std::string& path) {
    archive_.links_.erase(path);
    const auto former = archive_.files_.find(path);
    if (former == archive_.files_.end()) return;
    ::unlinkat(archive_.folder_.dir().get(), former->second.temp_name.c_str(), 0);
    archive_.files_.erase(former);
  }

  File stage(base::ByteSource& data) {
    TempFile file(archive_.folder_.dir());
    base::HashingSink hashing(&file);
    base::copy_stream(data, hashing);
    return {
        .temp_name = file.keep(), .digest = hashing.finish(), .size_bytes = hashing.size_bytes()};
  }

  StagedArchive& archive_;
};

StagedArchive StagedArchive::read(base::ByteSource& in, const base::DirFd& temp,
                                  std::stop_token stop) {
  StagedArchive archive(temp);
  StoppableSource source(in, std::move(stop));
  Reader(archive).read(source);
  return archive;
}

const StagedArchive::File* StagedArchive::find(std::string_view path) const {
  std::string name = base::RelPath::clean(path).str();
  for (int links = 0; links <= kMaxLinks; ++links) {
    if (const auto file = files_.find(name); file != files_.end()) return &file->second;
    const auto link = links_.find(name);
    if (link == links_.end()) return nullptr;
    name = link->second;
  }
  throw base::ContentError("the links from \"" + base::printable(path) +
                           "\" in the archive go in circles");
}

std::string StagedArchive::read_text(const File& file, std::uint64_t cap_bytes) const {
  return base::read_file_at(folder_.dir(), base::RelPath::exact(file.temp_name), cap_bytes);
}

base::UniqueFd StagedArchive::open(const File& file) const {
  return base::open_at(folder_.dir(), base::RelPath::exact(file.temp_name), O_RDONLY);
}

void StagedArchive::move_to(const ContentStore& content, const File& file) const {
  content.adopt(folder_.dir(), file.temp_name, file.digest, file.size_bytes);
}

}  // namespace ibuild::layers
