#include "builder/ops/secret_search.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "builder/ops/secret_masker.h"
#include "parser/diagnostic.h"

namespace ibuild::builder {
namespace {

constexpr std::uint64_t kTarBlock = 512;

/// The path of the entry to which a byte of the tar belongs: its data or the header before it.
std::string path_at(const layers::LayerIndex& index, std::uint64_t offset) {
  std::string path;
  for (std::size_t i = 0; i < index.size(); ++i) {
    const layers::LayerEntry entry = index.copy_of(i);
    path = entry.path.absolute();
    const std::uint64_t blocks = (entry.size_bytes + kTarBlock - 1) / kTarBlock;
    if (offset < entry.tar_offset + blocks * kTarBlock) break;
  }
  return path;
}

}  // namespace

SecretSearch::SecretSearch(const std::vector<StepSecrets::Secret>& secrets,
                           parser::SourceRange range)
    : range_(range) {
  for (const auto& secret : secrets) {
    std::string value = without_line_ends(secret.value);
    if (value.size() < kMinBytes) continue;
    overlap_ = std::max(overlap_, value.size() - 1);
    values_.push_back({secret.id, std::move(value)});
  }
}

void SecretSearch::search(std::string_view text, std::uint64_t offset) {
  for (const auto& secret : values_) {
    if (finding_) return;
    const auto place = text.find(secret.value);
    if (place != std::string_view::npos) finding_ = {secret.id, offset + place};
  }
}

void SecretSearch::write(base::Bytes bytes) {
  const std::string_view text = base::as_text(bytes);
  if (!has_values() || finding_) return;
  // What begins in the last bytes and ends in these, and then these alone: no copy of a large
  // block.
  std::string edge = seen_ + std::string(text.substr(0, overlap_));
  search(edge, offset_ - seen_.size());
  search(text, offset_);
  seen_ = text.size() >= overlap_ ? std::string(text.substr(text.size() - overlap_))
                                  : (seen_ + std::string(text));
  if (seen_.size() > overlap_) seen_.erase(0, seen_.size() - overlap_);
  offset_ += text.size();
}

/// A name may be the value itself.
std::string SecretSearch::without_values(const std::string& path) const {
  SecretMasker masker(values_);
  const std::string shown = masker.add(path);
  return shown + masker.take_rest();
}

void SecretSearch::finish(const layers::LayerIndex& index) {
  if (!finding_) return;
  parser::DockerfileError error(
      "secret-in-layer", range_,
      "the value of secret " + base::printable(finding_->id) + " is in the layer of this step: " +
          base::printable(without_values(path_at(index, finding_->offset))));
  error.set_hint(
      "write it to a --mount=type=tmpfs, or remove it in the same RUN; --allow secret-in-layer "
      "builds the image all the same");
  throw error;
}

}  // namespace ibuild::builder
