#include "layers/blob_record.h"

#include <fmt/core.h>

#include "base/error.h"
#include "image/manifest.h"
#include "layers/checksum64.h"

namespace ibuild::layers {

namespace {

constexpr std::string_view kSumMember = ",\"sum\":\"";
constexpr std::size_t kSumDigits = 16;

/// The member itself and the end of the object.
std::string ending_of(std::string_view summed) {
  return fmt::format("{}{:0{}x}\"}}", kSumMember, checksum64(summed), kSumDigits);
}

bool is_summed(std::string_view text) {
  const auto ending_size = kSumMember.size() + kSumDigits + 2;
  if (text.size() <= ending_size) return false;
  const auto summed = text.substr(0, text.size() - ending_size);
  return text.substr(summed.size()) == ending_of(summed);
}

}  // namespace

std::string to_blob_record(const image::Descriptor& blob) {
  std::string text = image::to_json(blob);
  text.pop_back();  // the brace at its end
  return text + ending_of(text);
}

std::optional<image::Descriptor> try_parse_blob_record(std::string_view text,
                                                       std::string_view media_type) {
  try {
    auto blob = image::parse_descriptor(text);
    if (is_summed(text)) return blob;
    if (blob.media_type == media_type && image::to_json(blob) == text) return blob;
  } catch (const base::ContentError&) {
    // as good as none
  }
  return std::nullopt;
}

}  // namespace ibuild::layers
