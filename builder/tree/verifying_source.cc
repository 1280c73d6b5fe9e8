#include "builder/tree/verifying_source.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace ibuild::builder {

VerifyingSource::VerifyingSource(base::UniqueFd fd, Expectation expected)
    : fd_(std::move(fd)), expected_(std::move(expected)), source_(fd_.get()) {}

std::size_t VerifyingSource::read(std::span<std::byte> buffer) {
  const std::uint64_t left = expected_.size_bytes - seen_;
  const std::size_t count =
      source_.read(buffer.first(std::min<std::uint64_t>(buffer.size(), left)));
  if (count == 0) return 0;
  hash_.update(buffer.first(count));
  seen_ += count;
  if (count == left && base::Sha256Value(hash_.finish()) != expected_.content) {
    base::Error error(expected_.shown_as + " changed while the build read it");
    error.set_hint("build again when nothing writes into the build context");
    throw error;
  }
  return count;
}

}  // namespace ibuild::builder
