#include "cli/log_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace ibuild::cli {

namespace {

/// Whether the variable says anything.
bool read_limit(const char* variable, std::optional<std::uint64_t>& limit) {
  const char* text = std::getenv(variable);
  const auto value = base::parse_i64(text == nullptr ? "" : text);
  if (!value) return false;
  limit =
      *value == -1 ? std::nullopt : std::optional<std::uint64_t>(std::max<std::int64_t>(*value, 0));
  return true;
}

/// "2MiB", "200KiB", "100B".
std::string binary_size(std::uint64_t bytes) {
  constexpr std::uint64_t kKib = 1 << 10;
  constexpr std::uint64_t kMib = 1 << 20;
  if (bytes >= kMib && bytes % kMib == 0) return fmt::format("{}MiB", bytes / kMib);
  if (bytes >= kKib && bytes % kKib == 0) return fmt::format("{}KiB", bytes / kKib);
  return fmt::format("{}B", bytes);
}

}  // namespace

LogLimits LogLimits::from_environment() {
  LogLimits limits;
  read_limit("BUILDKIT_STEP_LOG_MAX_SIZE", limits.max_bytes);
  const bool has_speed = read_limit("BUILDKIT_STEP_LOG_MAX_SPEED", limits.max_bytes_per_second);
  if (!limits.max_bytes && !has_speed) limits.max_bytes_per_second.reset();
  return limits;
}

/// The seconds that have begun count whole, so that a short burst at the start passes.
LogLimiter::Allowance LogLimiter::allowance(TimePoint now) const {
  Allowance size{limits_.max_bytes, limits_.max_bytes ? binary_size(*limits_.max_bytes) : ""};
  if (!limits_.max_bytes_per_second) return size;
  const auto begun = std::chrono::floor<std::chrono::seconds>(now - start_).count() + 1;
  const std::uint64_t by_speed = static_cast<std::uint64_t>(begun) * *limits_.max_bytes_per_second;
  if (size.bytes && by_speed > *size.bytes) return size;
  return {by_speed, binary_size(*limits_.max_bytes_per_second) + "/s"};
}

std::string LogLimiter::take(std::string_view bytes, TimePoint now) {
  const auto limit = allowance(now);
  const std::uint64_t before = seen_bytes_;
  seen_bytes_ += bytes.size();
  if (!limit.bytes || seen_bytes_ <= *limit.bytes) {
    is_clipping_ = false;
    return std::string(bytes);
  }
  const std::uint64_t left = *limit.bytes > before ? *limit.bytes - before : 0;
  std::string shown(bytes.substr(0, left));
  if (!is_clipping_) shown += "\n[output clipped, log limit " + limit.name + " reached]\n";
  is_clipping_ = true;
  return shown;
}

}  // namespace ibuild::cli
