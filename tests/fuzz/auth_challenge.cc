// Any bytes as a WWW-Authenticate field: no crash, and reading what was read, written out again,
// gives the same.
#include "registry/auth/auth_challenge.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

using ibuild::registry::AuthChallenge;

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

std::string write(const std::vector<AuthChallenge>& challenges) {
  std::string text;
  for (const AuthChallenge& challenge : challenges) {
    text += (text.empty() ? "" : ", ") + challenge.scheme;
    if (!challenge.token68.empty()) text += " " + challenge.token68;
    const char* separator = " ";
    for (const auto& [name, value] : challenge.parameters) {
      text += separator + name + "=" + quoted(value);
      separator = ", ";
    }
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto challenges = ibuild::registry::parse_auth_challenges(text);
  for (const AuthChallenge& challenge : challenges) {
    // Some servers mix both forms; what comes of it cannot be written down in one way.
    if (!challenge.token68.empty() && !challenge.parameters.empty()) return 0;
  }
  if (ibuild::registry::parse_auth_challenges(write(challenges)) != challenges) std::abort();
  return 0;
}
