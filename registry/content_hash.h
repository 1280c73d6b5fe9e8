#pragma once

#include <memory>
#include <string_view>

#include "base/digest.h"
#include "base/stream.h"

namespace ibuild::registry {

/// Hashes with the algorithm of a digest that is to be checked: sha256, sha384 or sha512. Not for
/// several threads at once.
class ContentHash {
 public:
  explicit ContentHash(std::string_view algorithm);
  ~ContentHash();
  ContentHash(const ContentHash&) = delete;
  ContentHash& operator=(const ContentHash&) = delete;
  void update(base::Bytes bytes);
  /// The digest of all bytes so far. Only once.
  base::Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The digest of `bytes` by the algorithm of `like`.
base::Digest digest_like(const base::Digest& like, std::string_view bytes);

}  // namespace ibuild::registry
