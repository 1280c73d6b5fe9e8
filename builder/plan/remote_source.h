#pragma once

#include <string_view>

namespace ibuild::builder {

enum class RemoteKind { none, http, git };

/// Whether a source of COPY or ADD names something outside of the context. A form that could as
/// well be a path
/// ("github.com/a/b") is a path. Throws: base::UsageError for a git reference with wrong options.
RemoteKind remote_source_kind(std::string_view source);

}  // namespace ibuild::builder
