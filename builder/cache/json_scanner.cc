#include "builder/cache/json_scanner.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include "base/hex.h"

namespace ibuild::builder {
namespace {

constexpr std::size_t kBufferBytes = 64 << 10;
/// What stands behind a backslash, and what is meant by it.
constexpr std::string_view kEscapes = "\"\\/bfnrt";
constexpr std::string_view kEscaped = "\"\\/\b\f\n\r\t";

constexpr unsigned char byte_of(char c) { return static_cast<unsigned char>(c); }

/// Whether a byte stands for itself in a text.
constexpr bool is_plain(char c) {
  return byte_of(c) >= 0x20 && byte_of(c) < 0x80 && c != '"' && c != '\\';
}

std::string_view plain_part(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_plain);
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

void append_special(std::string& json, char c) {
  if (const auto at = kEscaped.find(c); at != std::string_view::npos) {
    json += {'\\', kEscapes[at]};
  } else if (byte_of(c) < 0x20) {
    json += "\\u00";
    base::append_hex(json, {&c, 1});
  } else {
    json +=
        {static_cast<char>(0xc0 | byte_of(c) >> 6), static_cast<char>(0x80 | (byte_of(c) & 0x3f))};
  }
}

}  // namespace

JsonScanner::JsonScanner(std::unique_ptr<base::ByteSource> source)
    : source_(std::move(source)), buffer_(kBufferBytes, '\0') {}

/// Whether there is a next byte.
bool JsonScanner::fill() {
  if (at_ < end_) return true;
  at_ = 0;
  end_ = source_->read(std::as_writable_bytes(std::span(buffer_)));
  return end_ > 0;
}

bool JsonScanner::at_end() { return !fill(); }

bool JsonScanner::take(char c) {
  if (!fill() || buffer_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonScanner::take(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return take(c); });
}

bool JsonScanner::take_text(std::string& bytes, std::size_t max_bytes) {
  bytes.clear();
  if (!take('"')) return false;
  while (bytes.size() <= max_bytes && fill()) {
    const auto plain = plain_part(rest());
    bytes += plain;
    at_ += plain.size();
    if (at_ == end_) continue;
    const char special = buffer_[at_++];
    if (special == '"') return bytes.size() <= max_bytes;
    if (special == '\\' ? !take_escape(bytes) : !take_high_byte(special, bytes)) return false;
  }
  return false;
}

bool JsonScanner::take_escape(std::string& bytes) {
  if (!fill()) return false;
  const char c = buffer_[at_++];
  if (c == 'u') return take("00") && take_hex_byte(bytes);
  const auto at = kEscapes.find(c);
  if (at == std::string_view::npos) return false;
  bytes += kEscaped[at];
  return true;
}

bool JsonScanner::take_hex_byte(std::string& bytes) {
  std::string digits;
  while (digits.size() < 2 && fill()) digits += buffer_[at_++];
  unsigned char byte = 0;
  const auto* const end = digits.data() + digits.size();
  if (digits.size() < 2 || std::from_chars(digits.data(), end, byte, 16).ptr != end) return false;
  bytes += static_cast<char>(byte);
  return true;
}

/// UTF-8 of U+0080 to U+00FF.
bool JsonScanner::take_high_byte(char lead, std::string& bytes) {
  if ((byte_of(lead) != 0xc2 && byte_of(lead) != 0xc3) || !fill()) return false;
  const auto next = byte_of(buffer_[at_++]);
  if ((next & 0xc0) != 0x80) return false;
  bytes += static_cast<char>(byte_of(lead) << 6 | (next & 0x3f));
  return true;
}

void append_json_text(std::string& json, std::string_view bytes) {
  json += '"';
  while (true) {
    const auto plain = plain_part(bytes);
    json += plain;
    bytes.remove_prefix(plain.size());
    if (bytes.empty()) break;
    append_special(json, bytes.front());
    bytes.remove_prefix(1);
  }
  json += '"';
}

}  // namespace ibuild::builder
