#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::base {

std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
/// Blanks as in C's isspace.
std::string_view trim(std::string_view text);
/// ASCII only.
std::string to_lower(std::string_view text);
bool iequals(std::string_view a, std::string_view b);
/// Whole text as a decimal number that fits; no blanks, no plus sign, and a minus only in the
/// signed one.
std::optional<std::uint64_t> parse_u64(std::string_view text);
std::optional<std::int64_t> parse_i64(std::string_view text);
/// The candidate nearest to `word` by edit distance, when near enough to be a typo (distance <= 1 +
/// length/4, at most 3). Letter case does not count; a swap of neighbours counts once; something of
/// the word must remain. First of equals.
std::optional<std::string> nearest_word(std::string_view word,
                                        std::span<const std::string> candidates);
/// "1.5 GiB", "12 KiB", "7 B"
std::string human_bytes(std::uint64_t bytes);
/// For messages and logs: control characters (newline and tab too), overrides of text direction and
/// invalid UTF-8 shown as \xNN, so that no terminal obeys them.
std::string printable(std::string_view bytes);
/// A word quoted for sh(1) when it needs quoting.
std::string shell_quote(std::string_view word);

}  // namespace ibuild::base
