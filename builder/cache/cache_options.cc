#include "builder/cache/cache_options.h"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/export/estargz.h"
#include "builder/export/output_attributes.h"

namespace ibuild::builder {
namespace {

/// What BuildKit has besides; each with the reason why it is not here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kRefusedTypes{{
    {"gha", "the cache service of GitHub Actions is not supported"},
    {"s3", "S3 buckets are not supported"},
    {"azblob", "Azure blob storage is not supported"},
}};

[[noreturn]] void fail_unknown_type(const std::string& option, const std::string& type) {
  for (const auto& [name, why] : kRefusedTypes) {
    if (type != name) continue;
    base::UsageError error(fmt::format("{} type={}: {}", option, type, why));
    error.set_hint("use type=registry or type=local");
    throw error;
  }
  base::UsageError error(option + " type=" + base::printable(type) + " is not known");
  const std::vector<std::string> known = {"registry", "local", "inline"};
  const auto nearest = base::nearest_word(type, known);
  error.set_hint(nearest ? "did you mean " + *nearest + "?"
                         : "the types are registry, local and inline");
  throw error;
}

image::Reference read_reference(const OutputAttributes& attributes) {
  try {
    return image::with_default_tag(image::parse_reference(attributes.required_text("ref")));
  } catch (base::Error& error) {
    error.add_context("cache");
    throw;
  }
}

/// What ibuild always does, and may be said.
void check_form(const OutputAttributes& attributes, const std::string& option) {
  for (const char* name : {"oci-mediatypes", "image-manifest"}) {
    if (attributes.flag(name, true)) continue;
    throw base::UsageError(option + ": attribute " + name +
                           "=false is not supported: a cache is always an OCI image manifest");
  }
}

CacheTo::Mode read_mode(const OutputAttributes& attributes, const std::string& option) {
  const auto mode = attributes.text("mode").value_or("min");
  if (mode == "min") return CacheTo::Mode::min;
  if (mode == "max") return CacheTo::Mode::max;
  throw base::UsageError(option + ": attribute mode takes min or max, not " +
                         base::printable(mode));
}

std::vector<std::string> read_mounts(const OutputAttributes& attributes) {
  std::vector<std::string> ids;
  const auto text = attributes.text("mounts").value_or("");
  for (const auto id : base::split(text, ',')) {
    if (!id.empty()) ids.emplace_back(id);
  }
  return ids;
}

base::Digest read_digest(const std::string& text, const std::string& option) {
  if (auto digest = base::Digest::try_parse(text)) return *std::move(digest);
  throw base::UsageError(option + ": attribute digest is no digest: " + base::printable(text));
}

}  // namespace

CacheFrom read_cache_from(const CacheSpec& spec) {
  const std::string option = "--cache-from type=" + spec.type;
  const OutputAttributes attributes(option, spec.attributes);
  CacheFrom from;
  if (spec.type == "registry") {
    attributes.allow_only({"ref", kInsecureAttribute});
    (void)attributes.flag(kInsecureAttribute, false);
    from.place.reference = read_reference(attributes);
  } else if (spec.type == "local") {
    attributes.allow_only({"src", "tag", "digest"});
    from.place.kind = CachePlace::Kind::layout;
    from.place.directory = attributes.required_text("src");
    from.place.tag = attributes.text("tag").value_or("latest");
    if (const auto digest = attributes.text("digest"))
      from.place.digest = read_digest(*digest, option);
  } else if (spec.type == "inline") {
    throw base::UsageError(option + ": name the image that bears it: type=registry,ref=IMAGE");
  } else {
    fail_unknown_type("--cache-from", spec.type);
  }
  return from;
}

CacheTo read_cache_to(const CacheSpec& spec) {
  const std::string option = "--cache-to type=" + spec.type;
  const OutputAttributes attributes(option, spec.attributes);
  CacheTo to;
  if (spec.type == "inline") {
    attributes.allow_only({});
    to.place.kind = CachePlace::Kind::inlined;
    return to;
  }
  if (spec.type == "registry") {
    attributes.allow_only({"ref", "mode", "compression", "compression-level", "force-compression",
                           "oci-mediatypes", "image-manifest", "ignore-error", "mounts",
                           kInsecureAttribute});
    (void)attributes.flag(kInsecureAttribute, false);
    to.place.reference = read_reference(attributes);
    if (to.place.reference->digest)
      throw base::UsageError(option + ": a cache cannot be written to a digest");
  } else if (spec.type == "local") {
    attributes.allow_only({"dest", "tag", "mode", "compression", "compression-level",
                           "force-compression", "oci-mediatypes", "image-manifest", "ignore-error",
                           "mounts"});
    to.place.kind = CachePlace::Kind::layout;
    to.place.directory = attributes.required_text("dest");
    to.place.tag = attributes.text("tag").value_or("latest");
  } else {
    fail_unknown_type("--cache-to", spec.type);
  }
  check_form(attributes, option);
  to.mode = read_mode(attributes, option);
  to.format = read_layer_format(attributes, ImageFormat::oci);
  if (wants_estargz(attributes)) {
    throw base::UsageError(
        option +
        ": compression=estargz is for images, whose layers it changes; a cache takes gzip or zstd");
  }
  to.ignore_error = attributes.flag("ignore-error", false);
  to.mounts = read_mounts(attributes);
  return to;
}

}  // namespace ibuild::builder
