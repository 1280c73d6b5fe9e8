// See: PKWARE's APPNOTE, 4.3.
#include "tests/support/stored_zip.h"

#include <cstdint>
#include <string_view>

namespace ibuild::test {

namespace {

std::uint32_t crc32_of(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

void put(std::string& bytes, std::uint64_t number, int size) {
  for (int i = 0; i < size; ++i, number >>= 8U) bytes += static_cast<char>(number);
}

/// What the header before a file and its entry in the directory have in common.
std::string common_fields(const std::string& name, const std::string& content) {
  std::string bytes;
  put(bytes, 10, 2);  // version 1.0
  put(bytes, 0, 4);   // no flags, stored
  put(bytes, 0x5a210000, 4);
  put(bytes, crc32_of(content), 4);
  put(bytes, content.size(), 4);
  put(bytes, content.size(), 4);
  put(bytes, name.size(), 2);
  put(bytes, 0, 2);
  return bytes;
}

}  // namespace

std::string stored_zip(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string zip;
  std::string directory;
  for (const auto& [name, content] : files) {
    directory += "PK\1\2";
    put(directory, 10, 2);
    directory += common_fields(name, content);
    put(directory, 0, 10);  // comment, disk, attributes
    put(directory, zip.size(), 4);
    directory += name;
    zip += "PK\3\4";
    zip += common_fields(name, content);
    zip += name;
    zip += content;
  }
  const auto start = zip.size();
  zip += directory;
  zip += "PK\5\6";
  put(zip, 0, 4);
  put(zip, files.size(), 2);
  put(zip, files.size(), 2);
  put(zip, directory.size(), 4);
  put(zip, start, 4);
  put(zip, 0, 2);
  return zip;
}

}  // namespace ibuild::test
