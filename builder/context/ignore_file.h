#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fs_at.h"

namespace ibuild::builder {

/// A larger ignore file is refused.
inline constexpr std::uint64_t kMaxIgnoreFileBytes = 64 << 20;

/// The text of a context's own ignore file: .containerignore, else .dockerignore. Links are
/// followed inside of the context. Throws: base::Error.
std::optional<std::string> read_context_ignore_file(const base::DirFd& context);

}  // namespace ibuild::builder
