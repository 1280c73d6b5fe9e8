// Any bytes as an image manifest, an index and a descriptor: an error, or a document that is the
// same when it is written and read again.
#include "image/manifest.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "image/validate.h"

namespace {

using namespace ibuild;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Its canonical bytes are read as what was written.
template <class Document, class Parse>
void check_again(const Document& document, Parse parse) {
  const auto json = image::to_json(document);
  require(image::to_json(parse(json)) == json);
}

template <class Step>
void try_step(Step step) {
  try {
    step();
  } catch (const base::ContentError& error) {
    require(error.what()[0] != '\0');
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_step([&] {
    const auto document = image::parse_manifest_or_index(text);
    if (const auto* manifest = std::get_if<image::Manifest>(&document)) {
      check_again(*manifest, [](const auto& json) { return image::parse_manifest(json); });
    } else {
      check_again(std::get<image::Index>(document),
                  [](const auto& json) { return image::parse_index(json); });
    }
  });
  try_step([&] {
    check_again(image::parse_descriptor(text),
                [](const auto& json) { return image::parse_descriptor(json); });
  });
  for (const char* kind : {"manifest", "descriptor", "imageindex", "imagelayout"})
    try_step([&] { image::validate_document(kind, text); });
  return 0;
}
