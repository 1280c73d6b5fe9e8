#include "builder/sbom/go_build_info.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/sbom/byte_numbers.h"

namespace ibuild::builder {

namespace {

constexpr std::string_view kMagic = "\xff Go buildinf:";
constexpr std::size_t kHeaderBytes = 32;  // of the build info
constexpr std::size_t kAlignment = 16;
constexpr std::size_t kElfHeadBytes = 64 << 10;  // with the program headers
constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::uint64_t kMaxVersionBytes = 1 << 10;
constexpr std::uint64_t kMaxModulesBytes = 16 << 20;
constexpr std::uint64_t kMaxProgramBytes = std::uint64_t{2} << 30;
// A program that deals with build info has the magic in it more than once.
constexpr int kMaxCandidates = 16;

/// Up to `size` bytes from `offset`; fewer at the end.
std::string read_range(const ProgramOpener& open, std::uint64_t offset, std::uint64_t size) {
  const auto source = open(offset);
  std::vector<std::byte> buffer(std::min<std::uint64_t>(kChunkBytes, size));
  std::string bytes;
  while (bytes.size() < size) {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), size - bytes.size());
    const auto count = source->read(std::span(buffer).first(wanted));
    if (count == 0) break;
    bytes += base::as_text(base::Bytes(buffer).first(count));
  }
  return bytes;
}

/// Where the addresses of a program lie in its file.
class ElfSegments {
 public:
  static std::optional<ElfSegments> parse(std::string_view head) {
    if (!head.starts_with("\x7f"
                          "ELF") ||
        head.size() < 64)
      return std::nullopt;
    const bool is_wide = head[4] == 2;
    const ByteNumbers numbers(head, head[5] == 2 ? ByteOrder::big : ByteOrder::little);
    const int word = is_wide ? 8 : 4;
    const auto table = numbers.at(is_wide ? 32 : 28, word);
    const auto entry_size = numbers.at(is_wide ? 54 : 42, 2);
    const auto count = numbers.at(is_wide ? 56 : 44, 2);
    ElfSegments segments;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto at = table + i * entry_size;
      if (at >= head.size()) break;
      if (numbers.at(at, 4) != 1) continue;  // PT_LOAD
      segments.list_.push_back({numbers.at(at + (is_wide ? 8 : 4), word),
                                numbers.at(at + (is_wide ? 16 : 8), word),
                                numbers.at(at + (is_wide ? 32 : 16), word)});
    }
    return segments;
  }
  std::optional<std::uint64_t> offset_of(std::uint64_t address) const {
    for (const auto& segment : list_) {
      if (address >= segment.address && address - segment.address < segment.size)
        return segment.offset + (address - segment.address);
    }
    return std::nullopt;
  }

 private:
  struct Segment {
    std::uint64_t offset, address, size;
  };
  std::vector<Segment> list_;
};

/// The offsets of the magics that stand where the linker puts one.
std::vector<std::uint64_t> find_candidates(const ProgramOpener& open) {
  const auto source = open(0);
  std::vector<std::uint64_t> found;
  std::string window;
  std::uint64_t start = 0;  // of the window in the file
  std::vector<std::byte> buffer(kChunkBytes);
  while (const auto count = source->read(buffer)) {
    window += base::as_text(base::Bytes(buffer).first(count));
    for (auto at = window.find(kMagic); at != std::string::npos; at = window.find(kMagic, at + 1)) {
      if ((start + at) % kAlignment != 0) continue;
      found.push_back(start + at);
      if (found.size() == kMaxCandidates) return found;
    }
    const auto kept = std::min(window.size(), kMagic.size() - 1);
    start += window.size() - kept;
    if (start > kMaxProgramBytes)
      throw base::ContentError("a program of more than " + base::human_bytes(kMaxProgramBytes));
    window.erase(0, window.size() - kept);
  }
  return found;
}

/// A string with its length before it, as a varint of 7 bits a byte.
std::optional<std::string> take_string(std::string_view& bytes, std::uint64_t max_bytes) {
  std::uint64_t size = 0;
  for (int shift = 0;; shift += 7) {
    if (bytes.empty() || shift > 35) return std::nullopt;
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    size |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80U) == 0) break;
  }
  if (size > max_bytes || size > bytes.size()) return std::nullopt;
  std::string text(bytes.substr(0, size));
  bytes.remove_prefix(size);
  return text;
}

/// Takes a program's build info at `offset` apart.
class InfoReader {
 public:
  InfoReader(const ProgramOpener& open, const ElfSegments& segments, std::uint64_t offset)
      : open_(open), segments_(segments), offset_(offset) {}

  std::optional<GoBuildInfo> read() {
    const auto header = read_range(open_, offset_, kHeaderBytes);
    if (header.size() < kHeaderBytes) return std::nullopt;
    const auto flags = static_cast<unsigned char>(header[15]);
    const auto order = (flags & 1U) != 0 ? ByteOrder::big : ByteOrder::little;
    auto info = (flags & 2U) != 0 ? read_inline() : read_pointers(header, order);
    if (!info) return std::nullopt;
    const auto& version = info->version;
    if (!version.starts_with("go") && !version.starts_with("devel")) return std::nullopt;
    info->modules = without_marks(info->modules);
    return info;
  }

 private:
  std::optional<GoBuildInfo> read_inline() const {
    const auto bytes =
        read_range(open_, offset_ + kHeaderBytes, kMaxVersionBytes + kMaxModulesBytes + 16);
    std::string_view left = bytes;
    GoBuildInfo info;
    const auto version = take_string(left, kMaxVersionBytes);
    const auto modules = version ? take_string(left, kMaxModulesBytes) : std::nullopt;
    if (!modules) return std::nullopt;
    return GoBuildInfo{*version, *modules};
  }

  std::optional<GoBuildInfo> read_pointers(std::string_view header, ByteOrder order) const {
    const int word = static_cast<unsigned char>(header[14]);
    if (word != 4 && word != 8) return std::nullopt;
    const ByteNumbers numbers(header, order);
    const auto version = read_string(numbers.at(16, word), word, order, kMaxVersionBytes);
    const auto modules = read_string(numbers.at(16 + word, word), word, order, kMaxModulesBytes);
    if (!version || !modules) return std::nullopt;
    return GoBuildInfo{*version, *modules};
  }

  /// A Go string: the address of a pointer and a length.
  std::optional<std::string> read_string(std::uint64_t address, int word, ByteOrder order,
                                         std::uint64_t max_bytes) const {
    const auto header_at = segments_.offset_of(address);
    if (!header_at) return std::nullopt;
    const auto header = read_range(open_, *header_at, 2 * static_cast<std::uint64_t>(word));
    const ByteNumbers numbers(header, order);
    const auto size = numbers.at(word, word);
    if (size == 0) return std::string();
    const auto text_at = segments_.offset_of(numbers.at(0, word));
    if (!text_at || size > max_bytes) return std::nullopt;
    return read_range(open_, *text_at, size);
  }

  /// The text stands between two marks of 16 bytes.
  static std::string without_marks(const std::string& modules) {
    constexpr std::size_t kMark = 16;
    if (modules.size() < 2 * kMark + 1 || modules[modules.size() - kMark - 1] != '\n') return {};
    return modules.substr(kMark, modules.size() - 2 * kMark);
  }

  const ProgramOpener& open_;
  const ElfSegments& segments_;
  std::uint64_t offset_;
};

}  // namespace

std::optional<GoBuildInfo> read_go_build_info(const ProgramOpener& open) {
  const auto segments = ElfSegments::parse(read_range(open, 0, kElfHeadBytes));
  if (!segments) return std::nullopt;
  for (const auto offset : find_candidates(open)) {
    if (auto info = InfoReader(open, *segments, offset).read()) return info;
  }
  return std::nullopt;
}

}  // namespace ibuild::builder
