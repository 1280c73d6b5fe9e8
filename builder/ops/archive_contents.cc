#include "builder/ops/archive_contents.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "layers/any_decompressor.h"
#include "layers/tar_entry.h"
#include "layers/tar_format.h"
#include "layers/tar_reader.h"
#include "layers/xattr_policy.h"

namespace ibuild::builder {
namespace {

using layers::EntryType;

/// The number in a header's checksum field; none when there is none.
std::optional<unsigned> stored_checksum(const layers::TarHeader& header) {
  const std::string field(base::trim(
      std::string_view(header.checksum, strnlen(header.checksum, sizeof header.checksum))));
  unsigned value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value, 8);
  if (field.empty() || error != std::errc() || end != field.data() + field.size())
    return std::nullopt;
  return value;
}

bool read_fully(base::ByteSource& bytes, std::span<std::byte> buffer) {
  while (!buffer.empty()) {
    const std::size_t count = bytes.read(buffer);
    if (count == 0) return false;
    buffer = buffer.subspan(count);
  }
  return true;
}

/// Whether the bytes begin with a header of a file, those that extend it included.
bool begins_with_entry(base::ByteSource& bytes) {
  for (;;) {
    layers::TarHeader header;
    if (!read_fully(bytes, std::as_writable_bytes(std::span(&header, 1)))) return false;
    if (stored_checksum(header) != layers::tar_checksum(header)) return false;
    if (header.type != 'x' && header.type != 'L' && header.type != 'K') return true;
    const std::uint64_t size = layers::tar_data_size(header);
    if (size > layers::kMaxExtendedHeaderBytes) return false;
    std::vector<std::byte> extension(size + layers::tar_padding(size));
    if (!read_fully(bytes, extension)) return false;
  }
}

/// What unpacks archives for BuildKit takes times before 1970 for 1970.
base::TimePoint bounded(base::TimePoint time) { return std::max(time, base::TimePoint()); }

bool is_marker(EntryType type) { return type == EntryType::whiteout || type == EntryType::opaque; }

}  // namespace

bool is_archive(const ContentSource& source, const SourceFile& file) {
  if (!file.is_file() || file.entry.size_bytes == 0) return false;
  try {
    const auto bytes = source.open(file);
    const auto plain = layers::make_any_decompressor(*bytes);
    return begins_with_entry(*plain);
  } catch (const base::ContentError&) {
    return false;  // begins like a compressed file but is none
  }
}

ArchiveContents::ArchiveContents(const ContentSource& source, const SourceFile& file,
                                 const base::DirFd& temp_dir, std::stop_token stop)
    : spool_(temp_dir) {
  const auto bytes = source.open(file);
  const auto plain = layers::make_any_decompressor(*bytes);
  layers::TarReader reader(*plain, layers::TarKind::archive);
  while (auto entry = reader.next()) {
    if (stop.stop_requested()) throw base::CancelledError();
    take(std::move(*entry), reader.data());
  }
  try {
    reader.drain();
  } catch (const base::ContentError&) {
    // What stands behind the archive, or an end that is missing there, says nothing of its files.
  }
  // To the end of the file, where its bytes are checked against what was hashed.
  base::HashingSink nowhere;
  base::copy_stream(*bytes, nowhere);
}

void ArchiveContents::take(layers::LayerEntry entry, base::ByteSource& data) {
  SourceFile file;
  file.entry = std::move(entry);
  if (file.is_symlink()) file.entry.mode = 0777;  // Linux knows no other
  file.entry.mtime = bounded(file.entry.mtime);
  std::erase_if(file.entry.xattrs,
                [](const base::Xattr& xattr) { return !layers::is_stored_xattr(xattr.name); });
  if (file.is_file()) {
    file.entry.tar_offset = spooled_bytes_;
    base::HashingSink hashed(&spool_);
    spooled_bytes_ += base::copy_stream(data, hashed);
    file.entry.content = hashed.finish();
  }
  entries_.push_back(std::move(file));
}

std::unique_ptr<base::ByteSource> ArchiveContents::open(const SourceFile& file) const {
  return std::make_unique<base::FdRangeSource>(spool_.fd(), file.entry.tar_offset,
                                               file.entry.size_bytes);
}

void ArchiveContents::place(const base::RelPath& destination, DestinationTree& tree,
                            const std::function<void(std::string)>& warn) const {
  const auto root = tree.resolve(destination);
  tree.make_directories(root, DestinationTree::MadeBy::unpacking);
  for (const auto& file : entries_) {
    if (is_marker(file.entry.type)) {
      warn("an archive's whiteout of " + base::printable(file.path().absolute()) +
           " is left out: names that begin with .wh. mean deletions in an image layer");
    } else if (!file.path().is_root()) {
      place_entry(file, root, tree);
    }
  }
}

void ArchiveContents::place_entry(const SourceFile& file, const base::RelPath& destination,
                                  DestinationTree& tree) const {
  const auto parent = tree.resolve(file.path().parent(), destination);
  tree.make_directories(parent, DestinationTree::MadeBy::archive);
  layers::LayerEntry entry = file.entry;
  entry.path = parent.join(file.path().name());
  if (entry.type == EntryType::hardlink) {
    const auto target = base::RelPath::clean(entry.link_target);
    const auto real = tree.resolve(target.parent(), destination).join(target.name());
    if (tree.put_hard_link(entry, real)) return;
    throw base::UsageError("the archive links " + base::printable(file.path().absolute()) + " to " +
                           base::printable(target.absolute()) + ", which is not there");
  }
  tree.put_entry(std::move(entry), SourceRef(file), *this);
}

}  // namespace ibuild::builder
