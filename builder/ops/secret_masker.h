#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "builder/ops/step_secrets.h"

namespace ibuild::builder {

/// Replaces the values of secrets in one stream of a step's output. What may be the start of a
/// value is held back until it is known.
class SecretMasker {
 public:
  explicit SecretMasker(const std::vector<StepSecrets::Secret>& secrets);

  /// What can be shown of the bytes so far.
  std::string add(std::string_view bytes);
  /// What is still held back, at the stream's end.
  std::string take_rest();

  static constexpr std::string_view kMask = "***";
  /// Shorter values, and shorter lines of values of several lines, would mask ordinary text.
  static constexpr std::size_t kMinValueBytes = 4;
  static constexpr std::size_t kMinLineBytes = 8;

 private:
  void add_value(std::string_view value);
  /// The longest value that `text` starts with; 0 when there is none.
  std::size_t value_length(std::string_view text) const;
  bool may_become_value(std::string_view text) const;

  std::vector<std::string> values_;
  std::array<bool, 256> starts_{};  // first bytes of values
  std::string held_;
};

}  // namespace ibuild::builder
