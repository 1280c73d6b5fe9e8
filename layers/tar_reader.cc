#include "layers/tar_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "layers/tar_entry.h"

namespace ibuild::layers {

namespace {

constexpr std::size_t kBufferBytes = 128 << 10;

bool is_zero(const TarHeader& header) {
  static constexpr TarHeader kZeros{};
  return std::memcmp(&header, &kZeros, sizeof header) == 0;
}

}  // namespace

TarReader::TarReader(base::ByteSource& in, TarKind kind)
    : in_(in), kind_(kind), data_(*this), buffer_(kBufferBytes) {}

std::size_t TarReader::read_some(std::span<std::byte> buffer) {
  if (buffer.empty()) return 0;
  if (begin_ == end_) {
    if (buffer.size() >= buffer_.size()) {  // no use in a detour
      const std::size_t count = in_.read(buffer);
      offset_ += count;
      return count;
    }
    begin_ = 0;
    end_ = in_.read(buffer_);
  }
  const std::size_t count = std::min(buffer.size(), end_ - begin_);
  std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), count, buffer.begin());
  begin_ += count;
  offset_ += count;
  return count;
}

void TarReader::read_exactly(std::span<std::byte> buffer) {
  while (!buffer.empty()) {
    const std::size_t count = read_some(buffer);
    if (count == 0) throw base::ContentError("the archive ends within a header");
    buffer = buffer.subspan(count);
  }
}

/// False at the end of the stream.
bool TarReader::read_header(TarHeader& header) {
  const auto block = std::as_writable_bytes(std::span(&header, 1));
  const std::size_t count = read_some(block);
  if (count == 0) return false;
  read_exactly(block.subspan(count));
  return true;
}

void TarReader::skip(std::uint64_t count) {
  while (count > 0) {
    if (begin_ == end_) {
      begin_ = 0;
      end_ = in_.read(buffer_);
      if (end_ == 0) throw base::ContentError("the archive ends within the data of an entry");
    }
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(count, end_ - begin_));
    begin_ += step;
    offset_ += step;
    count -= step;
  }
}

std::size_t TarReader::read_stored(std::span<std::byte> buffer) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), data_left_));
  if (wanted == 0) return 0;
  const std::size_t count = read_some(buffer.first(wanted));
  if (count == 0) throw base::ContentError("the archive ends within the data of an entry");
  data_left_ -= count;
  return count;
}

std::size_t TarReader::read_sparse(std::span<std::byte> buffer) {
  const auto& parts = sparse_->parts;
  while (sparse_part_ < parts.size() && sparse_at_ >= parts[sparse_part_].end()) ++sparse_part_;
  const bool has_part = sparse_part_ < parts.size();
  const bool in_hole = !has_part || sparse_at_ < parts[sparse_part_].offset;
  const std::uint64_t end = !has_part ? sparse_->size_bytes
                            : in_hole ? parts[sparse_part_].offset
                                      : parts[sparse_part_].end();
  const auto wanted = buffer.first(
      static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - sparse_at_)));
  if (in_hole) std::fill(wanted.begin(), wanted.end(), std::byte{0});
  const std::size_t count = in_hole ? wanted.size() : read_stored(wanted);
  sparse_at_ += count;
  return count;
}

std::size_t TarReader::Data::read(std::span<std::byte> buffer) {
  return reader_.sparse_ ? reader_.read_sparse(buffer) : reader_.read_stored(buffer);
}

std::uint64_t TarReader::drain() {
  offset_ += end_ - begin_;
  begin_ = end_ = 0;
  while (const std::size_t count = in_.read(buffer_)) offset_ += count;
  return offset_;
}

/// After a zero block: checks that the archive ends here.
bool TarReader::is_end_mark(const TarHeader& header) {
  if (!is_zero(header)) return false;
  TarHeader second;
  // Readers differ in what they take a lone zero block for, so it is refused, as Go does.
  if (read_header(second) && !is_zero(second)) {
    throw base::ContentError("a zero block stands between entries");
  }
  return true;
}

/// Reads an extended header's data; false when `header` is none.
bool TarReader::read_extension(const TarHeader& header, TarExtension& extension) {
  const char type = header.type;
  if (type != 'x' && type != 'g' && type != 'L' && type != 'K') return false;
  const std::uint64_t size = tar_data_size(header);
  if (size > kMaxExtendedHeaderBytes) throw base::ContentError("an extended header is too large");
  std::string text(size, '\0');
  read_exactly(std::as_writable_bytes(std::span(text)));
  skip(tar_padding(size));
  if (type == 'x') {
    parse_pax_records(text, extension);
  } else if (type != 'g') {  // Go's tools, and so all who read layers, ignore global headers
    text.resize(::strnlen(text.data(), text.size()));
    (type == 'L' ? extension.path : extension.link_path) = std::move(text);
  }
  return true;
}

/// Reads the map of a sparse file, so that data() gives the file whole.
void TarReader::expand_sparse(const TarHeader& header, const TarSparseRecords& records,
                              LayerEntry& entry) {
  if (header.type == 'S') {
    sparse_ = read_gnu_sparse_map(header, [this](auto block) { read_exactly(block); });
  } else if (records.has_known_format()) {
    if (entry.type != EntryType::file) throw base::ContentError("what is no file is sparse");
    sparse_ = read_pax_sparse_map(records, data_left_, [this](auto block) {
      data_left_ -= block.size();
      read_exactly(block);
    });
  } else {
    return;
  }
  sparse_->check(data_left_);
  sparse_part_ = 0;
  sparse_at_ = 0;
  entry.size_bytes = sparse_->size_bytes;
}

std::optional<LayerEntry> TarReader::try_next() {
  TarExtension extension;
  while (!ended_) {
    skip(data_left_ + padding_);
    data_left_ = padding_ = 0;
    sparse_.reset();
    TarHeader header;
    if (!read_header(header) || is_end_mark(header)) {
      ended_ = true;
      break;
    }
    if (!has_right_checksum(header)) throw base::ContentError("the checksum of a header is wrong");
    if (read_extension(header, extension)) continue;
    const TarSparseRecords sparse = extension.sparse;
    LayerEntry entry = make_tar_entry(header, std::move(extension), kind_);
    extension = {};
    entry.tar_offset = offset_;
    data_left_ = entry.size_bytes;
    padding_ = tar_padding(entry.size_bytes);
    expand_sparse(header, sparse, entry);
    if (is_aufs_bookkeeping(entry)) continue;
    translate_whiteout(entry);
    if (entry.type != EntryType::file) {
      padding_ += std::exchange(data_left_, 0);
      sparse_.reset();
    }
    return entry;
  }
  return std::nullopt;
}

std::optional<LayerEntry> TarReader::next() {
  const std::uint64_t start = offset_;
  try {
    return try_next();
  } catch (base::ContentError& error) {
    error.add_context("tar entry after byte " + std::to_string(start));
    throw;
  }
}

}  // namespace ibuild::layers
