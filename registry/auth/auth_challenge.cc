#include "registry/auth/auth_challenge.h"

#include <utility>

#include "base/text.h"

namespace ibuild::registry {

namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// RFC 9110 5.6.2
bool is_token_byte(char c) {
  return is_alphanumeric(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token68_byte(char c) {
  return is_alphanumeric(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
}

class ChallengeReader {
 public:
  explicit ChallengeReader(std::string_view text) : text_(text) {}

  std::vector<AuthChallenge> read() {
    while (skip_separators(), !at_end()) {
      if (!challenges_.empty() && read_parameter()) continue;
      if (!read_scheme()) break;
    }
    return std::move(challenges_);
  }

 private:
  bool at_end() const { return at_ >= text_.size(); }
  bool at(char c) const { return !at_end() && text_[at_] == c; }

  void skip_blanks() {
    while (at(' ') || at('\t')) ++at_;
  }
  void skip_separators() {
    while (at(' ') || at('\t') || at(',')) ++at_;
  }

  template <typename Predicate>
  std::string_view take_while(Predicate is_member) {
    const std::size_t begin = at_;
    while (!at_end() && is_member(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  /// `name=value` of the current challenge. Moves nothing when something else comes.
  bool read_parameter() {
    const std::size_t begin = at_;
    const std::string name = base::to_lower(take_while(is_token_byte));
    skip_blanks();
    if (!name.empty() && at('=')) {
      ++at_;
      skip_blanks();
      if (auto value = read_value()) {
        challenges_.back().parameters.emplace(name, std::move(*value));
        return true;
      }
    }
    at_ = begin;
    return false;
  }

  /// A token or a quoted string; none when it is neither.
  std::optional<std::string> read_value() {
    if (at('"')) return read_quoted();
    const std::string_view token = take_while(is_token_byte);
    if (token.empty()) return std::nullopt;
    return std::string(token);
  }

  std::optional<std::string> read_quoted() {
    std::string value;
    for (++at_; !at_end(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return value;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_];
    }
    return std::nullopt;
  }

  /// A scheme name and, where no parameters follow, its token68.
  bool read_scheme() {
    const std::string_view scheme = take_while(is_token_byte);
    const bool ends_well = at_end() || at(' ') || at('\t') || at(',');
    if (scheme.empty() || !ends_well) return false;
    challenges_.push_back({base::to_lower(scheme), {}, {}});
    skip_blanks();
    if (at_end() || at(',') || read_parameter()) return true;
    const std::size_t begin = at_;
    take_while(is_token68_byte);
    take_while([](char c) { return c == '='; });
    challenges_.back().token68 = std::string(text_.substr(begin, at_ - begin));
    return !challenges_.back().token68.empty();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<AuthChallenge> challenges_;
};

}  // namespace

std::string AuthChallenge::parameter(const std::string& name) const {
  const auto found = parameters.find(name);
  return found != parameters.end() ? found->second : "";
}

std::vector<AuthChallenge> parse_auth_challenges(std::string_view text) {
  return ChallengeReader(text).read();
}

std::optional<AuthChallenge> choose_challenge(const std::vector<std::string>& field_values) {
  std::optional<AuthChallenge> basic;
  for (const std::string& value : field_values) {
    for (AuthChallenge& challenge : parse_auth_challenges(value)) {
      if (challenge.scheme == "bearer") return std::move(challenge);
      if (challenge.scheme == "basic" && !basic) basic = std::move(challenge);
    }
  }
  return basic;
}

}  // namespace ibuild::registry
