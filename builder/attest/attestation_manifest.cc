#include "builder/attest/attestation_manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64.h"
#include "builder/attest/package_url.h"
#include "image/manifest.h"
#include "image/media_types.h"

namespace ibuild::builder {

namespace {

constexpr const char* kEmptyConfig = "application/vnd.oci.empty.v1+json";

/// The spec's descriptor of an empty JSON object, which holds it as well.
BuiltBlob empty_config() {
  auto config = image::describe_bytes(kEmptyConfig, "{}");
  config.data = base::encode_base64("{}");
  return {std::move(config), "{}"};
}

BuiltBlob blob_of(std::string_view type, std::string bytes) {
  auto descriptor = image::describe_bytes(type, bytes);
  return {std::move(descriptor), std::move(bytes)};
}

/// The image's names with its platform; "_" for one without, as in-toto has it.
std::vector<Subject> subjects_of(const image::Descriptor& target,
                                 const std::vector<image::Reference>& names) {
  const auto platform = target.platform.value_or(image::Platform{});
  std::vector<Subject> subjects;
  subjects.reserve(names.size() + 1);
  for (const auto& name : names)
    subjects.push_back({image_package_url("docker", name, platform), target.digest});
  if (subjects.empty()) subjects.push_back({"_", target.digest});
  return subjects;
}

/// The config of an image of statements.
std::string config_json(const std::vector<image::Descriptor>& statements) {
  nlohmann::ordered_json config;
  config["architecture"] = "unknown";
  config["os"] = "unknown";
  config["config"] = nlohmann::ordered_json::object();
  config["rootfs"]["type"] = "layers";
  for (const auto& statement : statements)
    config["rootfs"]["diff_ids"].push_back(statement.digest.str());
  return config.dump();
}

}  // namespace

bool is_attached(const FinishedBuild& build, const AttestationFormat& format) {
  return std::ranges::any_of(build.images, [&](const auto& image) {
    return std::ranges::any_of(image.attestations, [&](const auto& said) {
      return !said.inline_only || format.forced || build.shape == ResultShape::index;
    });
  });
}

BuiltAttestations make_attestations(const image::Descriptor& target,
                                    const std::vector<Attestation>& attestations,
                                    const std::vector<image::Reference>& names,
                                    const AttestationFormat& format) {
  const auto subjects = subjects_of(target, names);
  BuiltAttestations built;
  image::Manifest manifest;
  manifest.media_type = image::media_type::kOciManifest;
  for (const auto& said : attestations) {
    auto statement =
        blob_of(attestation_type::kStatement, to_statement(said, subjects, StatementForm::compact));
    statement.descriptor.annotations[attestation_type::kPredicateType] = said.predicate_type;
    manifest.layers.push_back(statement.descriptor);
    built.blobs.push_back(std::move(statement));
  }
  auto config = format.artifact
                    ? empty_config()
                    : blob_of(image::media_type::kOciConfig, config_json(manifest.layers));
  manifest.config = config.descriptor;
  built.blobs.push_back(std::move(config));
  if (format.artifact) {
    manifest.artifact_type = attestation_type::kArtifact;
    manifest.subject = image::Descriptor{
        .media_type = target.media_type, .digest = target.digest, .size_bytes = target.size_bytes};
  }
  built.manifest = blob_of(image::media_type::kOciManifest, image::to_json(manifest));
  auto& descriptor = built.manifest.descriptor;
  descriptor.annotations[attestation_type::kReferenceType] = attestation_type::kManifest;
  descriptor.annotations[attestation_type::kReferenceDigest] = target.digest.str();
  descriptor.platform = image::Platform{.os = "unknown", .architecture = "unknown"};
  return built;
}

bool is_attestation(const image::Descriptor& entry) {
  const auto found = entry.annotations.find(attestation_type::kReferenceType);
  return found != entry.annotations.end() && found->second == attestation_type::kManifest;
}

void put_attestations(const BuiltImages& built, const layers::ContentStore& content) {
  for (const auto& said : built.attestations) {
    for (const auto& blob : said.blobs) content.put(blob.bytes);
    content.put(said.manifest.bytes);
  }
}

}  // namespace ibuild::builder
