// Any text is expanded or refused with a UsageError. The first line is the value of the variables,
// the rest the text; a value that ends in ` makes that the escape character.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "parser/expansion.h"

using namespace ibuild;

namespace {

template <typename Action>
void attempt(Action action) {
  try {
    action();
  } catch (const base::UsageError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\n');
  const std::string value(input.substr(0, end));
  const std::string_view text = end == std::string_view::npos ? input : input.substr(end + 1);
  const parser::VariableLookup lookup =
      [&value](std::string_view name) -> std::optional<std::string> {
    if (name.size() % 3 == 0) return std::nullopt;
    return name.size() % 3 == 1 ? value : std::string();
  };
  const parser::Expander expander(value.ends_with('`') ? '`' : '\\', lookup);
  attempt([&] { expander.expand_word(text); });
  attempt([&] { expander.expand_words(text); });
  attempt([&] { expander.expand_heredoc(text); });
  expander.expand_for_display(text);
  return 0;
}
