#include "layers/blob_record.h"

#include <fmt/core.h>

#include "base/error.h"
#include "image/manifest.h"
#include "layers/checksum64.h"

namespace ibuild::layers {

namespace {

constexpr std::string_view kLayerMember = ",\"layer\":\"";
constexpr std::string_view kSumMember = ",\"sum\":\"";
constexpr std::size_t kSumDigits = 16;

std::string layer_member(const base::Digest& diff_id) {
  return fmt::format("{}{}\"", kLayerMember, diff_id.str());
}

/// Whether the last member of a record without its sum names a layer that is not `diff_id`.
bool is_of_another_layer(std::string_view summed, const base::Digest& diff_id) {
  const auto own = layer_member(diff_id);
  if (summed.size() < own.size() || summed.ends_with(own)) return false;
  return summed.substr(summed.size() - own.size()).starts_with(kLayerMember);
}

/// The last member and the end of the object.
std::string ending_of(std::string_view summed) {
  return fmt::format("{}{:0{}x}\"}}", kSumMember, checksum64(summed), kSumDigits);
}

/// What the sum of a record is of; none when it has no sum or another one.
std::optional<std::string_view> summed_text(std::string_view text) {
  const auto ending_size = kSumMember.size() + kSumDigits + 2;
  if (text.size() <= ending_size) return std::nullopt;
  const auto summed = text.substr(0, text.size() - ending_size);
  if (text.substr(summed.size()) != ending_of(summed)) return std::nullopt;
  return summed;
}

}  // namespace

std::string to_blob_record(const base::Digest& diff_id, const image::Descriptor& blob) {
  std::string text = image::to_json(blob);
  text.pop_back();  // the brace at its end
  text += layer_member(diff_id);
  return text + ending_of(text);
}

std::optional<image::Descriptor> try_parse_blob_record(const base::Digest& diff_id,
                                                       std::string_view text,
                                                       std::string_view media_type) {
  try {
    auto blob = image::parse_descriptor(text);
    if (const auto summed = summed_text(text)) {
      return is_of_another_layer(*summed, diff_id) ? std::nullopt : std::optional(std::move(blob));
    }
    if (blob.media_type == media_type && image::to_json(blob) == text) return blob;
  } catch (const base::ContentError&) {
    // as good as none
  }
  return std::nullopt;
}

}  // namespace ibuild::layers
