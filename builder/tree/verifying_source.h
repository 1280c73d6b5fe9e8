#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/digest.h"
#include "base/stream.h"
#include "base/unique_fd.h"

namespace ibuild::builder {

/// The bytes of a host file that was hashed before; throws base::Error when they are others by now.
/// The check is made with the last byte, so that whoever reads `size_bytes` bytes has it. What was
/// added behind them since is not read: the build's own log may lie in the context.
class VerifyingSource : public base::ByteSource {
 public:
  struct Expectation {
    base::Sha256Value content;
    std::uint64_t size_bytes = 0;
    std::string shown_as;
  };
  VerifyingSource(base::UniqueFd fd, Expectation expected);
  std::size_t read(std::span<std::byte> buffer) override;

 private:
  base::UniqueFd fd_;
  Expectation expected_;
  base::FdSource source_;
  base::Sha256 hash_;
  std::uint64_t seen_ = 0;
};

}  // namespace ibuild::builder
