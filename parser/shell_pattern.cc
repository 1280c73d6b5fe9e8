// See: POSIX XCU 2.14.1 (patterns matching a single character), without bracket expressions.
#include "parser/shell_pattern.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "parser/unicode.h"

namespace ibuild::parser {

namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

/// A text as characters, with the byte offset of each (and of the end).
struct DecodedText {
  std::vector<char32_t> points;
  std::vector<std::size_t> offsets;
};

DecodedText decode(std::string_view text) {
  DecodedText decoded;
  std::size_t at = 0;
  while (at < text.size()) {
    const Character next = next_character(text.substr(at));
    decoded.points.push_back(next.code_point);
    decoded.offsets.push_back(at);
    at += next.size;
  }
  decoded.offsets.push_back(at);
  return decoded;
}

/// The name of $name or ${name} at the start of `rest`, which is behind a '$', and takes it off;
/// empty when there is none.
std::string_view take_group_name(std::string_view& rest) {
  std::string_view behind = rest;
  const bool has_brace = behind.starts_with('{');
  if (has_brace) behind.remove_prefix(1);
  std::size_t size = 0;
  while (size < behind.size()) {
    const Character next = next_character(behind.substr(size));
    if (!is_letter(next.code_point) && !is_digit(next.code_point) && next != '_') break;
    size += next.size;
  }
  const std::string_view name = behind.substr(0, size);
  behind.remove_prefix(size);
  if (has_brace && !behind.starts_with('}')) return {};
  if (has_brace) behind.remove_prefix(1);
  if (!name.empty()) rest = behind;
  return name;
}

/// Appends the replacement for one match as Go's Regexp.Expand does, which BuildKit goes through
/// for ${v//p/r} alone: $0 is the match, $$ a dollar, other names are groups that no pattern has.
void append_template(std::string_view replacement, std::string_view match, std::string& result,
                     WorkBudget& budget) {
  for (;;) {
    const std::size_t dollar = replacement.find('$');
    result += replacement.substr(0, dollar);
    if (dollar == std::string_view::npos) return;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with('$')) {
      replacement.remove_prefix(1);
      result += '$';
      continue;
    }
    const std::string_view name = take_group_name(replacement);
    if (name.empty()) result += '$';
    if (name != "0") continue;
    budget.spend(match.size());
    result += match;
  }
}

}  // namespace

void WorkBudget::spend(std::uint64_t amount) {
  if (amount > left_) throw base::UsageError("the expansion is too large");
  left_ -= amount;
}

ShellPattern::ShellPattern(std::string_view pattern) {
  while (!pattern.empty()) {
    Character next = next_character(pattern);
    pattern.remove_prefix(next.size);
    if (next == '*') {
      if (tokens_.empty() || tokens_.back().kind != Kind::star) tokens_.push_back({Kind::star, 0});
      continue;
    }
    if (next == '?') {
      tokens_.push_back({Kind::any, 0});
      continue;
    }
    if (next == '\\') {
      constexpr std::string_view kEscaped = "*?\\/}";
      if (pattern.empty() || kEscaped.find(pattern.front()) == std::string_view::npos) {
        throw base::UsageError("bad escape '\\" + base::printable(pattern.substr(0, 1)) +
                               "' in a pattern");
      }
      next = next_character(pattern);
      pattern.remove_prefix(next.size);
    }
    tokens_.push_back({Kind::literal, next.code_point});
  }
}

ShellPattern ShellPattern::of_suffix(std::string_view pattern) {
  std::vector<std::string_view> units;  // characters, each with the backslash that escapes it
  for (std::string_view rest = pattern; !rest.empty(); rest.remove_prefix(units.back().size())) {
    const std::size_t mark = rest.size() > 1 && rest.front() == '\\' ? 1 : 0;
    units.push_back(rest.substr(0, mark + next_character(rest.substr(mark)).size));
  }
  std::string backwards;
  for (auto unit = units.rbegin(); unit != units.rend(); ++unit) backwards += *unit;
  ShellPattern result(backwards);
  std::reverse(result.tokens_.begin(), result.tokens_.end());
  return result;
}

/// Runs all partial matches side by side: `active[i]` says that the tokens before i have matched
/// the text so far.
std::optional<std::size_t> ShellPattern::match_at_start(const Tokens& tokens,
                                                        const std::vector<char32_t>& text,
                                                        Extent extent, WorkBudget& budget) {
  const std::size_t count = tokens.size();
  std::vector<char> active(count + 1, 0), next(count + 1, 0);
  const auto add = [&tokens, count](std::vector<char>& set, std::size_t state) {
    set[state] = 1;
    if (state < count && tokens[state].kind == Kind::star) set[state + 1] = 1;
  };
  add(active, 0);
  std::optional<std::size_t> end;
  for (std::size_t at = 0;; ++at) {
    if (active[count] != 0) {
      end = at;
      if (extent == Extent::shortest) return end;
    }
    if (at == text.size()) return end;
    budget.spend(count + 1);
    bool any = false;
    std::fill(next.begin(), next.end(), 0);
    for (std::size_t state = 0; state < count; ++state) {
      if (active[state] == 0 || !tokens[state].accepts(text[at])) continue;
      add(next, tokens[state].kind == Kind::star ? state : state + 1);
      any = true;
    }
    if (!any) return end;
    std::swap(active, next);
  }
}

/// As match_at_start, with for each state the first place where a match that reached it began.
std::optional<ShellPattern::Match> ShellPattern::find(const std::vector<char32_t>& text,
                                                      std::size_t from, WorkBudget& budget) const {
  const std::size_t count = tokens_.size();
  std::vector<std::size_t> began(count + 1, kNone), next(count + 1, kNone);
  const auto add = [this, count](std::vector<std::size_t>& set, std::size_t state,
                                 std::size_t start) {
    set[state] = std::min(set[state], start);
    if (state < count && tokens_[state].kind == Kind::star) {
      set[state + 1] = std::min(set[state + 1], start);
    }
  };
  std::optional<Match> found;
  for (std::size_t at = from;; ++at) {
    if (!found) add(began, 0, at);
    const std::size_t start = began[count];
    if (start != kNone && (!found || start <= found->begin)) found = Match{start, at};
    if (at == text.size()) return found;
    budget.spend(count + 1);
    bool any = false;
    std::fill(next.begin(), next.end(), kNone);
    for (std::size_t state = 0; state < count; ++state) {
      if (began[state] == kNone || !tokens_[state].accepts(text[at])) continue;
      if (found && began[state] > found->begin) continue;
      add(next, tokens_[state].kind == Kind::star ? state : state + 1, began[state]);
      any = true;
    }
    if (found && !any) return found;
    std::swap(began, next);
  }
}

/// Matches that do not overlap; an empty one right behind another does not count.
std::vector<ShellPattern::Match> ShellPattern::find_all(const std::vector<char32_t>& text,
                                                        WorkBudget& budget) const {
  std::vector<Match> matches;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::optional<Match> match = find(text, from, budget);
    if (!match) break;
    const bool is_empty = match->begin == match->end;
    const bool touches_last = !matches.empty() && matches.back().end == match->begin;
    if (!is_empty || !touches_last) matches.push_back(*match);
    from = is_empty ? match->end + 1 : match->end;
  }
  return matches;
}

std::optional<ShellPattern::Match> ShellPattern::find_anchored(std::vector<char32_t> text,
                                                               Where where, Extent extent,
                                                               WorkBudget& budget) const {
  if (where == Where::at_start) {
    const std::optional<std::size_t> end = match_at_start(tokens_, text, extent, budget);
    return end ? std::optional(Match{0, *end}) : std::nullopt;
  }
  std::reverse(text.begin(), text.end());
  const Tokens reversed(tokens_.rbegin(), tokens_.rend());
  const std::optional<std::size_t> size = match_at_start(reversed, text, extent, budget);
  return size ? std::optional(Match{text.size() - *size, text.size()}) : std::nullopt;
}

std::string ShellPattern::strip_prefix(std::string_view text, Extent extent,
                                       WorkBudget& budget) const {
  budget.spend(text.size());
  const DecodedText decoded = decode(text);
  const auto match = find_anchored(decoded.points, Where::at_start, extent, budget);
  return std::string(text.substr(match ? decoded.offsets[match->end] : 0));
}

std::string ShellPattern::strip_suffix(std::string_view text, Extent extent,
                                       WorkBudget& budget) const {
  budget.spend(text.size());
  const DecodedText decoded = decode(text);
  const auto match = find_anchored(decoded.points, Where::at_end, extent, budget);
  return std::string(text.substr(0, match ? decoded.offsets[match->begin] : text.size()));
}

std::string ShellPattern::replace(std::string_view text, std::string_view replacement, Where where,
                                  WorkBudget& budget) const {
  budget.spend(text.size());
  const DecodedText decoded = decode(text);
  std::vector<Match> matches;
  if (where == Where::all) {
    matches = find_all(decoded.points, budget);
  } else {
    const auto match = where == Where::first
                           ? find(decoded.points, 0, budget)
                           : find_anchored(decoded.points, where, Extent::longest, budget);
    if (match) matches.push_back(*match);
  }
  const bool is_template = where == Where::all && replacement.find('$') != std::string_view::npos;
  budget.spend(matches.size() * replacement.size());
  std::string result;
  std::size_t done = 0;
  for (const Match& match : matches) {
    const std::size_t begin = decoded.offsets[match.begin];
    const std::size_t end = decoded.offsets[match.end];
    result += text.substr(done, begin - done);
    if (is_template) {
      append_template(replacement, text.substr(begin, end - begin), result, budget);
    } else {
      result += replacement;
    }
    done = end;
  }
  result += text.substr(done);
  return result;
}

}  // namespace ibuild::parser
