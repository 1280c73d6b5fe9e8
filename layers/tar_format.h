#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

/// What writer and reader share of the tar format.
/// See: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Header Block"; tar(5) of libarchive.
namespace ibuild::layers {

inline constexpr std::size_t kTarBlockBytes = 512;

/// A layer of an image, or an archive that is unpacked (ADD, a build context).
enum class TarKind { layer, archive };

/// One header block, as it lies in the file.
struct TarHeader {
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link_name[100];
  char magic[6];
  char version[2];
  char user_name[32];
  char group_name[32];
  char device_major[8];
  char device_minor[8];
  char prefix[155];
  char padding[12];
};
static_assert(sizeof(TarHeader) == kTarBlockBytes);

inline constexpr std::string_view kXattrRecordPrefix = "SCHILY.xattr.";
inline constexpr std::string_view kWhiteoutPrefix = ".wh.";
inline constexpr std::string_view kOpaqueName = ".wh..wh..opq";

/// Linux takes no longer path in one call (PATH_MAX with its NUL), so no layer holds one.
inline constexpr std::size_t kMaxPathBytes = 4095;
/// A link target longer than this cannot be made on Linux.
inline constexpr std::size_t kMaxLinkTargetBytes = 4095;
/// Extended headers above this are refused; Go's reader does the same.
inline constexpr std::size_t kMaxExtendedHeaderBytes = 1 << 20;
/// What a signed 64-bit size holds, as file sizes of Linux are.
inline constexpr std::uint64_t kMaxTarFileBytes = std::numeric_limits<std::int64_t>::max();
/// XATTR_SIZE_MAX of Linux.
inline constexpr std::size_t kMaxXattrBytes = 64 << 10;

/// Bytes that fill the last block of `size` bytes of data.
constexpr std::size_t tar_padding(std::uint64_t size) {
  return static_cast<std::size_t>((kTarBlockBytes - size % kTarBlockBytes) % kTarBlockBytes);
}

/// The sum of all header bytes, those of the checksum field taken as blanks.
inline unsigned tar_checksum(const TarHeader& header) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
  unsigned sum = 0;
  for (std::size_t i = 0; i < kTarBlockBytes; ++i) sum += bytes[i];
  for (char c : header.checksum) sum -= static_cast<unsigned char>(c);
  return sum + sizeof header.checksum * ' ';
}

}  // namespace ibuild::layers
