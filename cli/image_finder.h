#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/image_source.h"
#include "builder/remote/image_loader.h"
#include "image/descriptor.h"

namespace ibuild::cli {

/// An image of the store under one of its names.
struct FoundImage {
  std::string name;       // full reference; empty when it was found by digest
  image::Descriptor top;  // manifest or index
};

/// Finds what a user means: a name, or a digest of the manifest or config, whole or its first
/// digits (at least 4). Throws: Error when there is no such image, or when the digits fit several.
FoundImage find_image(const remote::ImageLoader& loader, std::string_view text);
/// The same by digits alone; none when there are none, or no such image.
std::optional<FoundImage> find_by_digits(const remote::ImageLoader& loader, std::string_view text);

/// The image for `platform` that `found` holds. Throws: Error when the store does not have its
/// manifest and config, or there is no such platform.
builder::BaseImage load_image(const remote::ImageLoader& loader, const FoundImage& found,
                              const image::Platform& platform);
/// The image for this machine, or else the first of an index that is there. Throws: Error when
/// the store has none.
builder::BaseImage load_image(const remote::ImageLoader& loader, const FoundImage& found);

/// An image of an index, or the only one.
struct ListedImage {
  image::Descriptor descriptor;
  image::Platform platform;
  bool stored = false;  // with its config
};
std::vector<ListedImage> list_images(const remote::ImageLoader& loader, const FoundImage& found);

/// All names that the store has for a manifest or index.
std::vector<std::string> names_of(const remote::ImageLoader& loader, const base::Digest& top);

}  // namespace ibuild::cli
