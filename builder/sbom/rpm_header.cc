#include "builder/sbom/rpm_header.h"

#include <algorithm>
#include <array>

#include "builder/sbom/byte_numbers.h"

namespace ibuild::builder {

namespace {

// Limits of rpm itself.
constexpr std::uint64_t kMaxEntries = 0xffff;
constexpr std::uint64_t kEntryBytes = 16;
constexpr std::size_t kMaxTextBytes = 4 << 10;  // of one of the texts that are taken

constexpr std::uint64_t kEpochTag = 1003;
constexpr std::uint64_t kInt32 = 4, kString = 6, kStringArray = 8, kI18nString = 9;

struct TextTag {
  std::uint64_t tag;
  std::string RpmHeader::*member;
};

constexpr std::array<TextTag, 9> kTextTags = {{{1000, &RpmHeader::name},
                                               {1001, &RpmHeader::version},
                                               {1002, &RpmHeader::release},
                                               {1011, &RpmHeader::vendor},
                                               {1014, &RpmHeader::license},
                                               {1015, &RpmHeader::packager},
                                               {1020, &RpmHeader::url},
                                               {1022, &RpmHeader::arch},
                                               {1044, &RpmHeader::source_rpm}}};

/// The text that begins at `offset`, up to its zero byte; the first one of several.
std::string text_at(std::string_view data, std::uint64_t offset) {
  if (offset >= data.size()) return {};
  data = data.substr(offset, kMaxTextBytes + 1);
  const auto end = data.find('\0');
  if (end == std::string_view::npos) return {};
  const auto text = data.substr(0, end);
  return text == "(none)" ? std::string() : std::string(text);
}

}  // namespace

std::string RpmHeader::version_release() const {
  return release.empty() ? version : version + "-" + release;
}

std::optional<RpmHeader> parse_rpm_header(std::string_view blob) {
  const ByteNumbers numbers(blob, ByteOrder::big);
  const auto count = numbers.at(0, 4);
  const auto data_bytes = numbers.at(4, 4);
  if (count == 0 || count > kMaxEntries) return std::nullopt;
  const auto data_at = 8 + count * kEntryBytes;
  if (data_at + data_bytes > blob.size()) return std::nullopt;
  const auto data = blob.substr(data_at, data_bytes);

  RpmHeader header;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto at = 8 + i * kEntryBytes;
    const auto tag = numbers.at(at, 4);
    const auto type = numbers.at(at + 4, 4);
    const auto offset = numbers.at(at + 8, 4);
    if (tag == kEpochTag && type == kInt32 && data.size() >= 4 && offset <= data.size() - 4) {
      header.epoch = std::to_string(ByteNumbers(data, ByteOrder::big).at(offset, 4));
      continue;
    }
    if (type != kString && type != kStringArray && type != kI18nString) continue;
    const auto* const wanted = std::find_if(kTextTags.begin(), kTextTags.end(),
                                            [&](const TextTag& text) { return text.tag == tag; });
    if (wanted != kTextTags.end()) header.*wanted->member = text_at(data, offset);
  }
  if (header.name.empty()) return std::nullopt;
  return header;
}

}  // namespace ibuild::builder
