// See: elf(5); Go's debug/buildinfo.
#include "tests/unit/builder/sbom/go_program.h"

namespace ibuild::test {

namespace {

constexpr std::uint64_t kAddress = 0x400000;  // of the segment, which is the whole file
constexpr std::size_t kInfoOffset = 70'000;   // beyond the first 64 KiB, on a multiple of 16
constexpr std::size_t kTextOffset = 1000;

class Writer {
 public:
  Writer(std::string& bytes, const GoProgram& program) : bytes_(bytes), program_(program) {}
  void put(std::size_t at, std::uint64_t number, int size) {
    for (int i = 0; i < size; ++i) {
      const int shift = 8 * (program_.is_big_endian ? size - 1 - i : i);
      bytes_[at + i] = static_cast<char>(number >> shift);
    }
  }
  void put(std::size_t at, const std::string& text) { bytes_.replace(at, text.size(), text); }

 private:
  std::string& bytes_;
  const GoProgram& program_;
};

std::string varint_text(const std::string& text) {
  std::string bytes;
  auto size = text.size();
  for (; size >= 0x80; size >>= 7) bytes += static_cast<char>((size & 0x7f) | 0x80);
  return bytes + static_cast<char>(size) + text;
}

}  // namespace

std::string GoProgram::bytes() const {
  const std::string marked =
      modules.empty() ? "" : std::string(16, '\x30') + modules + std::string(16, '\xf9');
  std::string file(80'000 + modules.size(), '\0');
  Writer writer(file, *this);
  const int word = is_wide ? 8 : 4;
  writer.put(0, std::string("\x7f"
                            "ELF") +
                    static_cast<char>(is_wide ? 2 : 1) + static_cast<char>(is_big_endian ? 2 : 1));
  const std::size_t table = is_wide ? 64 : 52;
  writer.put(is_wide ? 32 : 28, table, word);
  writer.put(is_wide ? 54 : 42, is_wide ? 56 : 32, 2);
  writer.put(is_wide ? 56 : 44, 1, 2);
  writer.put(table, 1, 4);
  writer.put(table + (is_wide ? 8 : 4), 0, word);
  writer.put(table + (is_wide ? 16 : 8), kAddress, word);
  writer.put(table + (is_wide ? 32 : 16), file.size(), word);

  writer.put(kInfoOffset, "\xff Go buildinf:");
  file[kInfoOffset + 14] = static_cast<char>(word);
  file[kInfoOffset + 15] = static_cast<char>((is_inline ? 2 : 0) | (is_big_endian ? 1 : 0));
  if (is_inline) {
    writer.put(kInfoOffset + 32, varint_text(version) + varint_text(marked));
    return file;
  }
  // Two addresses of strings, each of which is an address and a length.
  std::size_t text_at = kTextOffset + 100;
  for (int i = 0; i < 2; ++i) {
    const auto& text = i == 0 ? version : marked;
    const std::size_t string_at = kTextOffset + 2 * word * i;
    writer.put(kInfoOffset + 16 + i * word, kAddress + string_at, word);
    writer.put(string_at, kAddress + text_at, word);
    writer.put(string_at + word, text.size(), word);
    writer.put(text_at, text);
    text_at += text.size();
  }
  return file;
}

}  // namespace ibuild::test
