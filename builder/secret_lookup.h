#pragma once

#include <functional>
#include <optional>
#include <string>

namespace ibuild::builder {

/// A secret of the build by its id; none when the user gave no such secret. For any thread. Empty:
/// there are none at all.
using SecretLookup = std::function<std::optional<std::string>(const std::string& id)>;

/// Without the line ends that files have at their end.
inline std::string without_line_ends(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

/// The secret's text as a line.
inline std::optional<std::string> find_secret_line(const SecretLookup& secrets,
                                                   const std::string& id) {
  auto secret = secrets ? secrets(id) : std::nullopt;
  if (secret) secret = without_line_ends(*std::move(secret));
  return secret;
}

}  // namespace ibuild::builder
