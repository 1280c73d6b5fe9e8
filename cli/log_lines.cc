#include "cli/log_lines.h"

#include <utility>

#include "base/text.h"

namespace ibuild::cli {

namespace {

constexpr char kEscape = '\x1b';

bool is_final_byte(char c) { return c >= 0x40 && c <= 0x7e; }

/// The length of the escape sequence that `text` starts with. A sequence that never ends reaches to
/// the end. See: ECMA-48 5.4 (CSI), 8.3.89 (OSC and the other strings).
std::size_t sequence_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  const char kind = text[1];
  if (kind == '[') {
    std::size_t i = 2;
    while (i < text.size() && !is_final_byte(text[i])) ++i;
    return std::min(i + 1, text.size());
  }
  if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_') {
    for (std::size_t i = 2; i < text.size(); ++i) {
      if (text[i] == '\a') return i + 1;
      if (text[i] == kEscape) return std::min(i + 2, text.size());
    }
    return text.size();
  }
  return 2;
}

/// base::printable, but tabs stay.
void append_printable(std::string& out, std::string_view text) {
  bool first = true;
  for (const auto part : base::split(text, '\t')) {
    if (!first) out += '\t';
    out += base::printable(part);
    first = false;
  }
}

}  // namespace

std::string defuse(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto plain = text.substr(0, text.find(kEscape));
    append_printable(out, plain);
    text.remove_prefix(plain.size());
    if (!text.empty()) text.remove_prefix(sequence_length(text));
  }
  return out;
}

std::vector<std::string> LineCutter::add(std::string_view bytes) {
  std::vector<std::string> lines;
  for (const char c : bytes) {
    const bool follows_return = std::exchange(after_return_, false);
    if (c == '\n') {
      if (!follows_return) lines.push_back(defuse(std::exchange(partial_, {})));
    } else if (c == '\r') {
      after_return_ = follows_return || !partial_.empty();
      if (!partial_.empty()) lines.push_back(defuse(std::exchange(partial_, {})));
    } else {
      if (partial_.size() == kMaxLineBytes) lines.push_back(defuse(std::exchange(partial_, {})));
      partial_ += c;
    }
  }
  return lines;
}

std::optional<std::string> LineCutter::take_rest() {
  if (partial_.empty()) return std::nullopt;
  return defuse(std::exchange(partial_, {}));
}

}  // namespace ibuild::cli
