#include "cli/image_finder.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "image/manifest.h"
#include "image/platform.h"
#include "image/reference.h"

namespace ibuild::cli {

namespace {

constexpr std::size_t kMinDigits = 4;
constexpr std::size_t kAllDigits = 64;

std::optional<image::Reference> try_parse(std::string_view text) {
  try {
    return image::with_default_tag(image::parse_reference(text));
  } catch (const base::UsageError&) {
    return std::nullopt;
  }
}

/// The hex digits that `text` may abbreviate a digest with; none when it is no such thing.
std::optional<std::string_view> digest_digits(std::string_view text) {
  if (text.starts_with("sha256:")) text.remove_prefix(7);
  const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!is_hex || text.size() < kMinDigits || text.size() > kAllDigits) return std::nullopt;
  return text;
}

/// The digests of the configs by which an image of the store can be meant, besides its own.
std::vector<base::Digest> digests_within(const remote::ImageLoader& loader,
                                         const image::Descriptor& top) {
  const remote::DocumentReader read = [&](const auto& document) {
    return loader.read_stored(document);
  };
  std::vector<base::Digest> digests;
  try {
    for (const auto& image : remote::list_manifests(top, read)) {
      const auto text = read(image.descriptor);
      if (!text) continue;
      digests.push_back(image::parse_manifest(*text, image.descriptor.media_type).config.digest);
    }
  } catch (const base::Error&) {
    digests.clear();  // a broken or foreign image has no digits to be found by
  }
  return digests;
}

std::vector<image::Descriptor> match_digits(const remote::ImageLoader& loader,
                                            std::string_view digits) {
  std::vector<image::Descriptor> matches;
  for (const auto& stored : loader.store().images().list()) {
    const auto within = digests_within(loader, stored.descriptor);
    const bool fits = stored.descriptor.digest.hex().starts_with(digits) ||
                      std::ranges::any_of(within, [&](const auto& digest) {
                        return digest.hex().starts_with(digits);
                      });
    const bool known = std::ranges::any_of(
        matches, [&](const auto& other) { return other.digest == stored.descriptor.digest; });
    if (fits && !known) matches.push_back(stored.descriptor);
  }
  return matches;
}

[[noreturn]] void throw_not_found(const remote::ImageLoader& loader, std::string_view text) {
  base::Error error("the store has no image " + base::printable(text));
  std::vector<std::string> names;
  for (const auto& stored : loader.store().images().list()) {
    if (const auto reference = try_parse(stored.name)) names.push_back(reference->familiar());
  }
  const auto near = base::nearest_word(text, names);
  error.set_hint(near ? "did you mean " + *near + "?" : "`ibuild images` lists what there is");
  throw error;
}

/// A name for messages.
image::Reference shown_reference(const FoundImage& found) {
  if (!found.name.empty()) return image::parse_reference(found.name);
  image::Reference reference;
  reference.domain = "store";
  reference.path = "image";
  reference.digest = found.top.digest;
  return reference;
}

}  // namespace

FoundImage find_image(const remote::ImageLoader& loader, std::string_view text) {
  if (const auto reference = try_parse(text)) {
    if (const auto top = loader.find_stored(*reference)) {
      return {.name = reference->digest ? "" : reference->str(), .top = *top};
    }
  }
  if (auto found = find_by_digits(loader, text)) return *std::move(found);
  throw_not_found(loader, text);
}

std::optional<FoundImage> find_by_digits(const remote::ImageLoader& loader, std::string_view text) {
  const auto digits = digest_digits(text);
  if (!digits) return std::nullopt;
  const auto matches = match_digits(loader, *digits);
  if (matches.empty()) return std::nullopt;
  // Whole, it is a config's, and all of them are that image.
  if (matches.size() > 1 && digits->size() < kAllDigits) {
    throw base::Error("several images begin with " + base::printable(text) + ": give more digits");
  }
  return FoundImage{.name = {}, .top = matches.front()};
}

builder::BaseImage load_image(const remote::ImageLoader& loader, const FoundImage& found,
                              const image::Platform& platform) {
  const auto reference = shown_reference(found);
  auto loaded = loader.try_load_stored(reference, found.top, platform);
  if (!loaded) {
    base::Error error("the store lacks the manifest or config of " + reference.familiar());
    error.set_hint("pull or build the image again");
    throw error;
  }
  return *std::move(loaded);
}

builder::BaseImage load_image(const remote::ImageLoader& loader, const FoundImage& found) {
  const auto host = image::host_platform();
  const auto images = list_images(loader, found);
  const auto serves_here = [&](const auto& image) {
    return image.stored && image::matches(host, image.platform);
  };
  if (!std::ranges::any_of(images, serves_here)) {
    const auto there = std::ranges::find_if(images, &ListedImage::stored);
    if (there != images.end()) return load_image(loader, found, there->platform);
  }
  return load_image(loader, found, host);
}

std::vector<ListedImage> list_images(const remote::ImageLoader& loader, const FoundImage& found) {
  const remote::DocumentReader read = [&](const auto& document) {
    return loader.read_stored(document);
  };
  std::vector<ListedImage> images;
  for (const auto& [descriptor, platform] : remote::list_manifests(found.top, read)) {
    ListedImage image{.descriptor = descriptor, .platform = platform};
    if (const auto text = read(descriptor)) {
      const auto manifest = image::parse_manifest(*text, descriptor.media_type);
      image.stored = loader.store().content().has(manifest.config.digest);
    }
    images.push_back(std::move(image));
  }
  return images;
}

std::vector<std::string> names_of(const remote::ImageLoader& loader, const base::Digest& top) {
  std::vector<std::string> names;
  for (const auto& stored : loader.store().images().list()) {
    if (stored.descriptor.digest == top && !stored.name.empty()) names.push_back(stored.name);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace ibuild::cli
