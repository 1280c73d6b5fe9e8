#pragma once

#include <string>

#include "base/digest_sink.h"

namespace ibuild::test {

/// Keeps what comes, with its digest.
class HashedText : public base::DigestSink {
 public:
  void write(base::Bytes bytes) override { text_.append(base::as_text(bytes)); }
  base::Digest digest() override { return base::sha256_of(text_); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace ibuild::test
