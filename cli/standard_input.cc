#include "cli/standard_input.h"

#include <utility>

#include "base/error.h"
#include "base/stoppable_stream.h"
#include "cli/istream_source.h"

namespace ibuild::cli {

std::unique_ptr<base::ByteSource> standard_input(CommandContext& context, std::stop_token stop) {
  if (context.in_fd < 0) return std::make_unique<IstreamSource>(context.in);
  return std::make_unique<base::StoppableSource>(context.in_fd, std::move(stop));
}

std::optional<std::string> read_line(base::ByteSource& in, std::size_t max_bytes,
                                     std::string_view what) {
  std::string line;
  std::byte byte{};
  while (in.read({&byte, 1}) == 1) {
    if (byte == std::byte{'\n'}) return line;
    if (line.size() == max_bytes) throw base::UsageError(std::string(what) + " is too long");
    line += static_cast<char>(byte);
  }
  return line.empty() ? std::nullopt : std::optional(std::move(line));
}

}  // namespace ibuild::cli
