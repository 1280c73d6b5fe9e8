// Any bytes as an image's configuration and as the table of a docker archive: an error, or a value
// that is the same when it is written and read again.
#include "image/config.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "image/docker_archive.h"
#include "image/validate.h"

using namespace ibuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto config = image::parse_image_config(text);
    if (image::parse_image_config(image::to_json(config)) != config) std::abort();
  } catch (const base::ContentError& error) {
    if (error.what()[0] == '\0') std::abort();
  }
  try {
    const auto images = image::parse_docker_archive_manifest(text);
    if (image::parse_docker_archive_manifest(image::to_json(images)) != images) std::abort();
  } catch (const base::ContentError&) {
  }
  try {
    image::validate_document("config", text);
  } catch (const base::ContentError&) {
  }
  return 0;
}
