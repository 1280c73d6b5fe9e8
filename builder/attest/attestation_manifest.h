#pragma once

#include <vector>

#include "builder/attest/attestation.h"
#include "builder/build.h"
#include "builder/export/exporter.h"
#include "image/descriptor.h"
#include "image/reference.h"
#include "layers/content_store.h"

namespace ibuild::builder {

/// How attestations stand in an image's index.
struct AttestationFormat {
  /// Their manifest is an OCI artifact whose subject is the image; else it looks like an image for
  /// the platform unknown/unknown, as BuildKit before 0.32 had it.
  bool artifact = true;
  bool forced = false;  // inline-only ones get an index of their own, too
};

/// Whether an output that is an image holds the attestations of a build.
bool is_attached(const FinishedBuild& build, const AttestationFormat& format);

/// The manifest of what is said of the image `target` under its names, as BuildKit lays it out.
/// Pure. See: BuildKit's docs/attestations/attestation-storage.md.
BuiltAttestations make_attestations(const image::Descriptor& target,
                                    const std::vector<Attestation>& attestations,
                                    const std::vector<image::Reference>& names,
                                    const AttestationFormat& format);

/// Whether an entry of an index is such a manifest.
bool is_attestation(const image::Descriptor& entry);

/// Puts all that is said of the images into the store.
void put_attestations(const BuiltImages& built, const layers::ContentStore& content);

namespace attestation_type {
inline constexpr const char* kStatement = "application/vnd.in-toto+json";
inline constexpr const char* kPredicateType = "in-toto.io/predicate-type";
inline constexpr const char* kReferenceType = "vnd.docker.reference.type";
inline constexpr const char* kReferenceDigest = "vnd.docker.reference.digest";
inline constexpr const char* kManifest = "attestation-manifest";
inline constexpr const char* kArtifact = "application/vnd.docker.attestation.manifest.v1+json";
}  // namespace attestation_type

}  // namespace ibuild::builder
