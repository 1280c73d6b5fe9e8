#include "layers/archive_import.h"

#include "base/error.h"
#include "image/docker_archive.h"
#include "image/manifest.h"
#include "image/oci_layout.h"
#include "layers/image_import.h"

namespace ibuild::layers {

namespace {

/// docker save of version 25 and later writes both tables of contents; the OCI one keeps manifests
/// as they are.
ImportPlan plan_import(const StagedArchive& archive, const ContentStore& content) {
  if (const auto* marker = archive.find(image::kOciLayoutFile)) {
    image::check_oci_layout(archive.read_text(*marker, image::kMaxManifestBytes));
  }
  if (const auto* index = archive.find("index.json"))
    return plan_oci_import(archive, *index, content);
  if (const auto* manifest = archive.find(image::kDockerArchiveManifestFile)) {
    return plan_docker_import(archive, *manifest);
  }
  if (archive.find("repositories") != nullptr) {
    throw base::ContentError(
        "the archive was written by docker save before Docker 1.10, a format not supported here");
  }
  throw base::ContentError("this is no image archive: it has neither index.json nor manifest.json");
}

void move_into(const ContentStore& content, const StagedArchive& archive, const ImportPlan& plan) {
  for (const auto* blob : plan.blobs) archive.move_to(content, *blob);
  for (const auto& manifest : plan.new_manifests) content.put(manifest);
}

void give_names(Store& store, const ImportPlan::Image& image) {
  for (const auto& name : image.names) store.images().tag(name, image.descriptor);
  if (!image.names.empty()) return;
  store.images().add_untagged(image.descriptor);
  store.content().mark_used(image.descriptor.digest);  // garbage collection keeps it for a while
}

}  // namespace

std::vector<ImportedImage> import_archive(Store& store, base::ByteSource& in,
                                          std::stop_token stop) {
  const auto use = store.hold_against_gc(stop);
  const auto archive = StagedArchive::read(in, store.temp(), stop);
  const ImportPlan plan = plan_import(archive, store.content());
  if (plan.images.empty()) throw base::ContentError("the archive names no image");
  if (stop.stop_requested()) throw base::CancelledError();
  move_into(store.content(), archive, plan);

  std::vector<ImportedImage> imported;
  for (const auto& image : plan.images) {
    give_names(store, image);
    imported.push_back({.names = image.names, .descriptor = image.descriptor});
  }
  return imported;
}

}  // namespace ibuild::layers
