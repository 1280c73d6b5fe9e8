#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::registry {

/// One challenge of a WWW-Authenticate field: `Bearer realm="…",service="…"`.
/// See: RFC 9110 section 11.6.1, RFC 6750 section 3.
struct AuthChallenge {
  std::string scheme;   // lower case
  std::string token68;  // where the scheme takes one in place of parameters
  std::map<std::string, std::string> parameters;  // names in lower case; the first of equals

  /// Empty when there is no such parameter.
  std::string parameter(const std::string& name) const;
  bool operator==(const AuthChallenge&) const = default;
};

/// The challenges of one field value, in order. Reading ends where the text stops being
/// well-formed.
std::vector<AuthChallenge> parse_auth_challenges(std::string_view text);

/// Of all challenges the one to answer: Bearer before Basic; none when neither is offered.
std::optional<AuthChallenge> choose_challenge(const std::vector<std::string>& field_values);

}  // namespace ibuild::registry
