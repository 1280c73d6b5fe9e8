#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/stream.h"
#include "cli/command.h"

namespace ibuild::cli {

/// The bytes of standard input. Reading throws CancelledError after a stop request, also while it
/// waits for a pipe or a terminal. Nothing else may be read from `context.in`, which must outlive
/// it.
std::unique_ptr<base::ByteSource> standard_input(CommandContext& context, std::stop_token stop);

/// The next line of `in`, without its end, and no byte more; none at the end of the file. Throws:
/// UsageError above `max_bytes`, naming `what`.
std::optional<std::string> read_line(base::ByteSource& in, std::size_t max_bytes,
                                     std::string_view what);

}  // namespace ibuild::cli
