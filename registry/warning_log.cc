#include "registry/warning_log.h"

#include "base/text.h"

namespace ibuild::registry {

namespace {

/// No more than this is remembered: a server that makes up new warnings must not fill the memory.
constexpr std::size_t kMaxWarnings = 200;
constexpr std::size_t kMaxTextBytes = 1000;

}  // namespace

void WarningLog::show(const std::string& key, const std::string& text) {
  if (!sink_) return;
  {
    auto shown = shown_.lock();
    if (shown->size() >= kMaxWarnings || !shown->insert(key).second) return;
  }
  sink_(text);
}

std::string warning_text(const std::string& field_value) {
  // 299 - "text"
  std::string_view text = base::trim(field_value);
  if (!text.starts_with("299 ")) return {};
  const std::size_t open = text.find('"');
  const std::size_t close = text.rfind('"');
  if (open == std::string_view::npos || close <= open) return {};
  std::string words;
  for (std::size_t i = open + 1; i < close && words.size() < kMaxTextBytes; ++i) {
    if (text[i] == '\\' && i + 1 < close) ++i;
    words += text[i];
  }
  return base::printable(words);
}

}  // namespace ibuild::registry
