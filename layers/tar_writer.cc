#include "layers/tar_writer.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "layers/tar_format.h"
#include "layers/tar_header_writer.h"

namespace ibuild::layers {

namespace {

constexpr std::size_t kBufferBytes = 128 << 10;

[[noreturn]] void refuse(const LayerEntry& entry, std::string_view why) {
  throw base::ContentError("\"" + base::printable(entry.path.absolute()) + "\" " +
                           std::string(why));
}

void check_can_be_stored(const LayerEntry& entry) {
  const std::string& path = entry.path.str();
  if (path.starts_with(kWhiteoutPrefix) || path.find("/.wh.") != std::string::npos) {
    refuse(entry, "cannot be put into a layer: names that start with \".wh.\" mark deleted files");
  }
  if (path.size() > kMaxPathBytes)
    refuse(entry, "cannot be put into a layer: its path is too long");
  if (entry.type == EntryType::opaque) {
    refuse(entry, "is marked opaque; layers are written with explicit whiteouts");
  }
  if (entry.path.is_root() && entry.type != EntryType::directory) {
    refuse(entry, "is the root of the file system and must be a directory");
  }
}

/// A whiteout says nothing but its name and time.
LayerEntry bare_whiteout(const LayerEntry& entry) {
  LayerEntry bare;
  bare.path = entry.path;
  bare.type = EntryType::whiteout;
  bare.mtime = entry.mtime;
  return bare;
}

}  // namespace

void TarWriter::write(std::string_view bytes) {
  out_.write(base::as_bytes(bytes));
  offset_ += bytes.size();
}

std::uint64_t TarWriter::add(const LayerEntry& entry, base::ByteSource* data) {
  check_can_be_stored(entry);
  header_.clear();
  if (entry.type == EntryType::whiteout) {
    append_tar_header(bare_whiteout(entry), header_);
  } else {
    append_tar_header(entry, header_);
  }
  write(header_);
  const std::uint64_t data_offset = offset_;
  if (entry.type == EntryType::file) copy_data(entry, data);
  return data_offset;
}

void TarWriter::copy_data(const LayerEntry& entry, base::ByteSource* data) {
  if (buffer_.empty()) buffer_.resize(kBufferBytes);
  std::uint64_t left = entry.size_bytes;
  while (left > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer_.size()));
    const std::size_t count = data == nullptr ? 0 : data->read(std::span(buffer_).first(wanted));
    if (count == 0) refuse(entry, "became shorter while it was read");
    write(base::as_text(std::span(buffer_).first(count)));
    left -= count;
  }
  if (data != nullptr && data->read(std::span(buffer_).first(1)) != 0) {
    refuse(entry, "became longer while it was read");
  }
  static constexpr char kZeros[kTarBlockBytes] = {};
  write({kZeros, tar_padding(entry.size_bytes)});
}

void TarWriter::finish() { write(std::string(2 * kTarBlockBytes, '\0')); }

}  // namespace ibuild::layers
