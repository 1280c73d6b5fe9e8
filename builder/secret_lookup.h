#pragma once

#include <functional>
#include <optional>
#include <string>

namespace ibuild::builder {

/// A secret of the build by its id; none when the user gave no such secret. For any thread. Empty:
/// there are none at all.
using SecretLookup = std::function<std::optional<std::string>(const std::string& id)>;

/// The secret's text as a line: without the line ends that files have.
inline std::optional<std::string> find_secret_line(const SecretLookup& secrets,
                                                   const std::string& id) {
  auto secret = secrets ? secrets(id) : std::nullopt;
  while (secret && (secret->ends_with('\n') || secret->ends_with('\r'))) secret->pop_back();
  return secret;
}

}  // namespace ibuild::builder
