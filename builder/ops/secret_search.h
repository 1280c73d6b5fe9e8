#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "builder/ops/step_secrets.h"
#include "layers/layer_check.h"
#include "parser/source_range.h"

namespace ibuild::builder {

/// Looks for the values of a step's secrets in the layer that the step makes: in contents, names,
/// link targets and attributes. Only for the values as they are; a step that encodes or compresses
/// them is not found out.
class SecretSearch : public layers::LayerCheck {
 public:
  /// `range`: the instruction, for the message.
  SecretSearch(const std::vector<StepSecrets::Secret>& secrets, parser::SourceRange range);

  void write(base::Bytes bytes) override;
  /// Throws: parser::DockerfileError naming the secret and the file when a value was found.
  void finish(const layers::LayerIndex& index) override;

  /// Shorter values stand in files by chance.
  static constexpr std::size_t kMinBytes = 8;
  bool has_values() const { return !values_.empty(); }

 private:
  struct Finding {
    std::string id;
    std::uint64_t offset;
  };
  void search(std::string_view text, std::uint64_t offset);
  std::string without_values(const std::string& path) const;

  std::vector<StepSecrets::Secret> values_;
  parser::SourceRange range_;
  std::size_t overlap_ = 0;  // bytes of which a value may have begun in what was seen
  std::string seen_;         // the last of them
  std::uint64_t offset_ = 0;
  std::optional<Finding> finding_;
};

}  // namespace ibuild::builder
