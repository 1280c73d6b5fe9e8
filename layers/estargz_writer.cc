#include "layers/estargz_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64.h"
#include "base/error.h"
#include "layers/gzip_members.h"
#include "layers/tar_format.h"
#include "layers/tar_header_writer.h"

namespace ibuild::layers {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kTableName = "stargz.index.json";

// Part of the output's format. What a reader has to fetch for one byte, too.
constexpr std::size_t kChunkBytes = 1 << 20;

/// The types of the table, which are those of tar headers.
std::string_view table_type(EntryType type) {
  switch (type) {
    case EntryType::directory:
      return "dir";
    case EntryType::symlink:
      return "symlink";
    case EntryType::hardlink:
      return "hardlink";
    case EntryType::char_device:
      return "char";
    case EntryType::block_device:
      return "block";
    case EntryType::fifo:
      return "fifo";
    case EntryType::file:
    case EntryType::whiteout:
    case EntryType::opaque:
      break;
  }
  return "reg";
}

/// Numbers that are zero and texts that are empty are left out, as Go's omitempty does.
template <typename Value>
void put(Json& object, const char* key, const Value& value) {
  if (value != Value{}) object[key] = value;
}

std::string name_in_table(const LayerEntry& entry) {
  if (entry.type != EntryType::opaque) return tar_name(entry);
  return entry.path.join(kOpaqueName).str();
}

Json attributes_of(const LayerEntry& entry) {
  Json object{{"name", name_in_table(entry)}, {"type", table_type(entry.type)}};
  if (entry.type == EntryType::whiteout || entry.type == EntryType::opaque) return object;
  if (entry.type == EntryType::file) put(object, "size", entry.size_bytes);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(entry.mtime);
  if (seconds.time_since_epoch().count() != 0) object["modtime"] = base::format_rfc3339(seconds);
  put(object, "linkName", entry.link_target);
  put(object, "mode", entry.mode);
  put(object, "uid", entry.uid);
  put(object, "gid", entry.gid);
  put(object, "devMajor", entry.device_major);
  put(object, "devMinor", entry.device_minor);
  std::map<std::string, std::string> xattrs;
  for (const auto& xattr : entry.xattrs) xattrs[xattr.name] = base::encode_base64(xattr.value);
  put(object, "xattrs", xattrs);
  return object;
}

/// Names may be any bytes; what is no UTF-8 is replaced, as Go does.
std::string text_of(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// An empty gzip member of 51 bytes, whose extra field names the table's place.
std::string footer(std::uint64_t table_offset) {
  constexpr std::string_view kBefore("\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\0", 16);
  constexpr std::string_view kAfter("\x01\0\0\xff\xff\0\0\0\0\0\0\0\0", 13);
  return fmt::format("{}{:016x}STARGZ{}", kBefore, table_offset, kAfter);
}

std::string tar_of_table(const std::string& json) {
  LayerEntry entry;
  entry.path = base::RelPath::exact(kTableName);
  entry.mode = 0644;
  entry.size_bytes = json.size();
  std::string tar;
  append_tar_header(entry, tar);
  return tar.append(json).append(tar_padding(json.size()) + 2 * kTarBlockBytes, '\0');
}

}  // namespace

void EstargzWriter::Blocks::write(base::Bytes block) {
  begins.push_back(size_bytes);
  size_bytes += block.size();
  out_.write(block);
}

EstargzWriter::EstargzWriter(const LayerIndex& index, int level, base::ByteSink& out,
                             base::ThreadPool& pool)
    : index_(index), level_(level), blocks_(out), pipeline_(pool, blocks_, gzip_members(level)) {
  for (std::size_t i = 0; i < index.size(); ++i) {
    const LayerEntry entry = index.copy_of(i);
    if (entry.path.str() == kTableName)
      throw base::ContentError("a layer with a file /" + std::string(kTableName) +
                               " cannot be made eStargz, which has its table there");
    if (entry.type == EntryType::file && entry.size_bytes > 0)
      files_.push_back({i, entry.tar_offset, entry.size_bytes});
  }
  std::ranges::sort(files_, {}, &File::tar_offset);
  std::uint64_t end = 0;
  for (const File& file : files_) {
    if (file.tar_offset < end) throw base::ContentError("files of a layer's tar overlap");
    end = file.tar_offset + file.size_bytes;
  }
  begin_block();
}

/// The next block takes a file's bytes, or what lies before those of the next one.
void EstargzWriter::begin_block() {
  const std::uint64_t most = position_ + kChunkBytes;
  block_end_ = most;
  if (next_file_ == files_.size()) return;
  const File& file = files_[next_file_];
  const bool in_file = position_ >= file.tar_offset;
  block_end_ = std::min(most, in_file ? file.tar_offset + file.size_bytes : file.tar_offset);
}

void EstargzWriter::end_block() {
  const std::uint64_t size = block_.size_bytes;
  if (size == 0) return;
  if (next_file_ < files_.size() && position_ > files_[next_file_].tar_offset) {
    const File& file = files_[next_file_];
    chunks_.push_back({.file = next_file_,
                       .block = pushed_,
                       .offset_in_file = position_ - size - file.tar_offset,
                       .size_bytes = size,
                       .digest = chunk_hash_.finish()});
    if (position_ == file.tar_offset + file.size_bytes) {
      if (size < file.size_bytes) long_files_.emplace(next_file_, file_hash_.finish());
      ++next_file_;
    }
  }
  ++pushed_;
  pipeline_.push(std::exchange(block_, {}));
}

void EstargzWriter::write(base::Bytes tar) {
  hash_.update(tar);
  while (!tar.empty()) {
    const auto room = static_cast<std::size_t>(block_end_ - position_);
    const auto part = tar.first(std::min(tar.size(), room));
    tar = tar.subspan(part.size());
    take(part);
    if (position_ < block_end_) continue;
    end_block();
    begin_block();
  }
}

void EstargzWriter::take(base::Bytes part) {
  if (!block_.data) block_ = BlockBuffer::with_room(kChunkBytes);
  std::memcpy(block_.data.get() + block_.size_bytes, part.data(), part.size());
  block_.size_bytes += part.size();
  if (next_file_ < files_.size() && position_ >= files_[next_file_].tar_offset) {
    chunk_hash_.update(part);
    if (files_[next_file_].size_bytes > kChunkBytes) file_hash_.update(part);
  }
  position_ += part.size();
}

EstargzWriter::Result EstargzWriter::finish() {
  end_block();
  if (next_file_ < files_.size())
    throw base::ContentError("a layer is shorter than its index says");
  pipeline_.drain();
  const std::string json = table();
  const std::string tar = tar_of_table(json);
  hash_.update(tar);
  position_ += tar.size();
  const std::uint64_t table_offset = blocks_.size_bytes;
  // Readers look for it in one member.
  blocks_.write(gzip_member(level_, base::as_bytes(tar)).bytes());
  blocks_.write(base::as_bytes(footer(table_offset)));
  return {.diff_id = hash_.finish(), .inflated_bytes = position_, .toc = base::sha256_of(json)};
}

/// Files with data stand at the end, in the order of their places, which readers rely on.
std::string EstargzWriter::table() const {
  std::string json = "{\"version\":1,\"entries\":[";
  const auto add = [&json](const Json& object) {
    if (!json.ends_with('[')) json += ',';
    json += '\n' + text_of(object);
  };
  for (std::size_t i = 0; i < index_.size(); ++i) {
    const LayerEntry entry = index_.copy_of(i);
    if (entry.type == EntryType::file && entry.size_bytes > 0) continue;
    Json object = attributes_of(entry);
    if (object["type"] == "reg") object["digest"] = base::sha256_of("").str();
    add(object);
  }
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const Chunk& chunk = chunks_[i];
    const File& file = files_[chunk.file];
    const LayerEntry entry = index_.copy_of(file.entry);
    const bool is_whole = chunk.size_bytes == file.size_bytes;
    Json object;
    if (chunk.offset_in_file == 0) {
      object = attributes_of(entry);
      object["digest"] = (is_whole ? chunk.digest : long_files_.at(chunk.file)).str();
    } else {
      object = {{"name", name_in_table(entry)}, {"type", "chunk"}};
    }
    put(object, "offset", blocks_.begins.at(chunk.block));
    put(object, "chunkOffset", chunk.offset_in_file);
    if (!is_whole) object["chunkSize"] = chunk.size_bytes;
    object["chunkDigest"] = chunk.digest.str();
    add(object);
  }
  return json + "\n]}\n";
}

}  // namespace ibuild::layers
