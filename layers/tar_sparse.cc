// See: "Sparse Formats" of GNU tar's manual; tar(5) of libarchive.
#include "layers/tar_sparse.h"

#include <array>
#include <cstring>

#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"
#include "layers/tar_numbers.h"

namespace ibuild::layers {

namespace {

// Where the old GNU format has what ustar knows nothing of.
constexpr std::size_t kHeaderParts = 386;
constexpr std::size_t kHeaderPartCount = 4;
constexpr std::size_t kHeaderMore = 482;
constexpr std::size_t kHeaderRealSize = 483;
constexpr std::size_t kBlockPartCount = 21;
constexpr std::size_t kBlockMore = 504;
constexpr std::size_t kNumberBytes = 12;
/// As many parts as a map of kMaxExtendedHeaderBytes can name at all.
constexpr std::size_t kMaxParts = kMaxExtendedHeaderBytes / 4;

using Block = std::array<std::byte, kTarBlockBytes>;

[[noreturn]] void refuse(const std::string& why) {
  throw base::ContentError("the map of a sparse file " + why);
}

std::uint64_t parse_decimal(std::string_view text) {
  const auto number = base::parse_u64(text);
  if (!number || *number > kMaxTarFileBytes) refuse("has no valid number");
  return *number;
}

std::uint64_t field_at(std::span<const std::byte> block, std::size_t offset) {
  const auto number = parse_tar_number(base::as_text(block.subspan(offset, kNumberBytes)));
  if (!number || *number < 0) refuse("has no valid number");
  return static_cast<std::uint64_t>(*number);
}

void add_part(TarSparseMap& map, std::uint64_t offset, std::uint64_t size_bytes) {
  if (map.parts.size() >= kMaxParts) refuse("is too large");
  map.parts.push_back({offset, size_bytes});
}

/// Takes up to `count` parts; fewer when one is left empty.
void take_parts(std::span<const std::byte> block, std::size_t offset, std::size_t count,
                TarSparseMap& map) {
  for (; count > 0 && block[offset] != std::byte{0}; --count, offset += 2 * kNumberBytes)
    add_part(map, field_at(block, offset), field_at(block, offset + kNumberBytes));
}

TarSparseMap map_of_records(const TarSparseRecords& records) {
  const auto& numbers = records.numbers;
  if (numbers.size() % 2 != 0 || numbers.size() / 2 != parse_decimal(records.part_count))
    refuse("has another length than it says");
  TarSparseMap map;
  for (std::size_t i = 0; i < numbers.size(); i += 2)
    add_part(map, parse_decimal(numbers[i]), parse_decimal(numbers[i + 1]));
  return map;
}

/// Reads numbers, each ended by a newline, from as many blocks as they take.
class NumberReader {
 public:
  NumberReader(std::uint64_t data_bytes, const ReadTarBlock& read_block)
      : left_bytes_(data_bytes), read_block_(read_block) {}

  std::uint64_t next() {
    std::string text;
    for (char c = next_char(); c != '\n'; c = next_char()) {
      if (text.size() > 20) refuse("has no valid number");
      text += c;
    }
    return parse_decimal(text);
  }

 private:
  char next_char() {
    if (at_ == block_.size()) {
      if (left_bytes_ < block_.size()) refuse("is longer than the file's data");
      left_bytes_ -= block_.size();
      read_block_(block_);
      at_ = 0;
    }
    return static_cast<char>(block_[at_++]);
  }

  Block block_{};
  std::size_t at_ = kTarBlockBytes;
  std::uint64_t left_bytes_;
  const ReadTarBlock& read_block_;
};

TarSparseMap map_before_data(std::uint64_t data_bytes, const ReadTarBlock& read_block) {
  NumberReader numbers(data_bytes, read_block);
  TarSparseMap map;
  for (std::uint64_t count = numbers.next(); count > 0; --count) {
    const std::uint64_t offset = numbers.next();
    add_part(map, offset, numbers.next());
  }
  return map;
}

}  // namespace

void TarSparseMap::check(std::uint64_t stored_bytes) const {
  std::uint64_t at = 0;
  std::uint64_t sum = 0;
  for (const Part& part : parts) {
    if (part.offset < at) refuse("is out of order");
    if (part.offset > size_bytes || part.size_bytes > size_bytes - part.offset)
      refuse("leads beyond the file's end");
    at = part.end();
    sum += part.size_bytes;  // at most size_bytes, since parts do not overlap
  }
  if (sum != stored_bytes) refuse("names more or less data than there is");
}

bool TarSparseRecords::is_0_x() const {
  if (major.empty() && minor.empty()) return !numbers.empty();
  return major == "0" && (minor == "0" || minor == "1");
}

void TarSparseRecords::add(std::string_view key, std::string_view value) {
  empty = false;
  if (key == "major") {
    major = value;
  } else if (key == "minor") {
    minor = value;
  } else if (key == "name") {
    name = value;
  } else if (key == "size") {
    size = value;
  } else if (key == "realsize") {
    real_size = value;
  } else if (key == "numblocks") {
    part_count = value;
  } else if (key == "map") {
    numbers.clear();
    if (value.empty()) return;
    for (const auto number : base::split(value, ',')) numbers.emplace_back(number);
  } else if (key == "offset" || key == "numbytes") {
    if ((numbers.size() % 2 == 0) != (key == "offset")) refuse("is out of order");
    numbers.emplace_back(value);
  }
}

TarSparseMap read_gnu_sparse_map(const TarHeader& header, const ReadTarBlock& read_block) {
  // star has sparse files of this type too, in a layout of its own.
  if (std::string_view(header.magic, sizeof header.magic) != "ustar ")
    throw base::ContentError("a sparse file is not in GNU's format");
  const auto first = std::as_bytes(std::span(&header, 1));
  TarSparseMap map;
  map.size_bytes = field_at(first, kHeaderRealSize);
  take_parts(first, kHeaderParts, kHeaderPartCount, map);
  bool has_more = first[kHeaderMore] != std::byte{0};
  for (std::size_t blocks = 0; has_more; ++blocks) {
    if (blocks > kMaxExtendedHeaderBytes / kTarBlockBytes) refuse("is too large");
    Block block;
    read_block(block);
    take_parts(block, 0, kBlockPartCount, map);
    has_more = block[kBlockMore] != std::byte{0};
  }
  return map;
}

TarSparseMap read_pax_sparse_map(const TarSparseRecords& records, std::uint64_t data_bytes,
                                 const ReadTarBlock& read_block) {
  auto map = records.is_1_0() ? map_before_data(data_bytes, read_block) : map_of_records(records);
  const auto& size = records.size.empty() ? records.real_size : records.size;
  map.size_bytes = size.empty() ? data_bytes : parse_decimal(size);
  return map;
}

}  // namespace ibuild::layers
