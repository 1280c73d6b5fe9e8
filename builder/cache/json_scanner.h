#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/stream.h"

namespace ibuild::builder {

/// Takes JSON apart as it is read, front to back, in the one form in which ibuild writes it:
/// without blanks, and a text stands for bytes, each code point for the byte of its number. For one
/// thread. Throws: what the source throws.
class JsonScanner {
 public:
  explicit JsonScanner(std::unique_ptr<base::ByteSource> source);

  /// Whether that is next; then it is passed over.
  bool take(char c);
  /// The same; when it is false, what comes next is not known.
  bool take(std::string_view text);
  /// Passes over a text in quotes, which `bytes` is then. False when none is next, or one of more
  /// than `max_bytes`: what comes next is not known then.
  bool take_text(std::string& bytes, std::size_t max_bytes);
  bool at_end();

 private:
  bool fill();
  std::string_view rest() const { return std::string_view(buffer_).substr(at_, end_ - at_); }
  bool take_escape(std::string& bytes);
  bool take_hex_byte(std::string& bytes);
  bool take_high_byte(char lead, std::string& bytes);

  std::unique_ptr<base::ByteSource> source_;
  std::string buffer_;
  std::size_t at_ = 0;   // what comes next in the buffer
  std::size_t end_ = 0;  // of what was read into it
};

/// Appends `bytes` in the form that take_text() reads.
void append_json_text(std::string& json, std::string_view bytes);

}  // namespace ibuild::builder
