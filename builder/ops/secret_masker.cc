#include "builder/ops/secret_masker.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace ibuild::builder {

SecretMasker::SecretMasker(const std::vector<StepSecrets::Secret>& secrets) {
  for (const auto& secret : secrets) {
    const std::string value = without_line_ends(secret.value);
    if (value.size() >= kMinValueBytes) add_value(value);
    if (value.find('\n') == std::string::npos) continue;
    for (const auto line : base::split(value, '\n')) {
      const auto trimmed = base::trim(line);
      if (trimmed.size() >= kMinLineBytes) add_value(trimmed);
    }
  }
}

void SecretMasker::add_value(std::string_view value) {
  values_.emplace_back(value);
  starts_.at(static_cast<unsigned char>(value[0])) = true;
}

std::size_t SecretMasker::value_length(std::string_view text) const {
  std::size_t longest = 0;
  for (const auto& value : values_) {
    if (text.starts_with(value)) longest = std::max(longest, value.size());
  }
  return longest;
}

bool SecretMasker::may_become_value(std::string_view text) const {
  return std::any_of(values_.begin(), values_.end(), [&](const std::string& value) {
    return value.size() > text.size() && value.starts_with(text);
  });
}

std::string SecretMasker::add(std::string_view bytes) {
  if (values_.empty()) return std::string(bytes);
  const std::string all = std::exchange(held_, {}) + std::string(bytes);
  std::string shown;
  for (std::string_view rest = all; !rest.empty();) {
    if (!starts_.at(static_cast<unsigned char>(rest[0]))) {
      shown += rest[0];
      rest.remove_prefix(1);
      continue;
    }
    if (may_become_value(rest)) {
      held_ = rest;
      break;
    }
    const std::size_t length = value_length(rest);
    if (length > 0) {
      shown += kMask;
    } else {
      shown += rest[0];
    }
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return shown;
}

std::string SecretMasker::take_rest() {
  std::string shown;
  // Nothing more comes: a shorter value may stand in what was held for a longer one.
  for (std::string_view rest = held_; !rest.empty();) {
    const std::size_t length = value_length(rest);
    shown += length > 0 ? kMask : rest.substr(0, 1);
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  held_.clear();
  return shown;
}

}  // namespace ibuild::builder
