#include "sandbox/wire.h"

#include "base/error.h"

namespace ibuild::sandbox {

std::string_view WireReader::take(std::uint64_t size) {
  if (size > rest_.size()) throw base::ContentError("message ends early");
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::vector<std::string> WireReader::texts() {
  std::vector<std::string> values;
  for (auto count = number<std::uint64_t>(); count > 0; --count) values.push_back(text());
  return values;
}

void WireReader::expect_end() const {
  if (!rest_.empty()) throw base::ContentError("message holds more than was expected");
}

}  // namespace ibuild::sandbox
