#pragma once

#include "base/digest.h"
#include "base/stream.h"

namespace ibuild::base {

/// A sink that hashes what it takes. Who writes there asks it, rather than hash the same bytes too.
class DigestSink : public ByteSink {
 public:
  /// The SHA-256 of all bytes that came. The end: nothing may be written afterwards. May be asked
  /// again.
  virtual Digest digest() = 0;
};

}  // namespace ibuild::base
