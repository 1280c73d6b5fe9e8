#pragma once

#include "base/digest_sink.h"
#include "base/stream.h"

namespace ibuild::registry {

/// Where a blob's bytes go, and whether they are hashed there anyway: then they are checked by that
/// digest and hashed only once. A parameter: lives no longer than the sink.
class BlobDestination {
 public:
  // Any sink is a destination, so that callers need not say so.
  BlobDestination(base::ByteSink& out) : out_(out) {}  // NOLINT(google-explicit-constructor)
  BlobDestination(base::DigestSink& out)               // NOLINT(google-explicit-constructor)
      : out_(out), hashing_(&out) {}

  base::ByteSink& out() const { return out_; }
  /// Null: nobody hashes there.
  base::DigestSink* hashing() const { return hashing_; }

 private:
  base::ByteSink& out_;
  base::DigestSink* hashing_ = nullptr;
};

}  // namespace ibuild::registry
