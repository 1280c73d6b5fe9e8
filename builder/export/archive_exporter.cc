#include "builder/export/archive_exporter.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/error.h"
#include "builder/export/image_layout.h"
#include "builder/export/layer_blobs.h"
#include "builder/export/output_attributes.h"
#include "builder/export/output_file.h"
#include "builder/export/output_names.h"
#include "builder/export/output_times.h"
#include "builder/export/squash.h"

namespace ibuild::builder {

namespace {

/// When the images were made stands beside their names, as BuildKit has it.
void note_time(const FinishedBuild& build, const base::Clock& clock, image::Descriptor& top) {
  std::optional<base::TimePoint> time = clock.fixed();
  for (const auto& image : build.images) {
    if (!clock.is_fixed()) time = std::max(time, base::parse_rfc3339(image.config.created));
  }
  if (!time) return;
  top.annotations.try_emplace(
      "org.opencontainers.image.created",
      base::format_rfc3339(std::chrono::floor<std::chrono::seconds>(*time)));
}

void write_archive(const NamedImages& image, DockerManifest docker,
                   const layers::ContentStore& content, const std::string& dest,
                   std::stop_token stop) {
  const auto file = OutputFile::open(dest, std::move(stop));
  TarLayoutSink tar(file->sink());
  write_image_layout(tar, std::span(&image, 1), docker, content);
  tar.finish();
  file->commit();
}

void write_directory(const NamedImages& image, const layers::ContentStore& content,
                     const std::string& dest) {
  base::make_host_dirs(dest);
  DirectoryLayoutSink directory(base::DirFd::open(dest));
  write_image_layout(directory, std::span(&image, 1), DockerManifest::none, content);
}

}  // namespace

void ArchiveExporter::check(const OutputSpec& output, ResultShape shape,
                            const AttestationSettings& attestations) const {
  const OutputAttributes attributes(output);
  if (kind_ == Kind::oci) {
    attributes.allow_layer_format_and({"dest", "name", "tar"});
  } else {
    attributes.allow_layer_format_and({"dest", "name"});
  }
  const auto kind = kind_ == Kind::oci ? ImageFormat::oci : ImageFormat::docker;
  const auto format = read_layer_format(attributes, kind);
  if (kind_ == Kind::docker && attestations.need_index(format.attestations.forced)) {
    base::UsageError error("output type=docker cannot hold attestations");
    error.set_hint("use type=oci, or leave --attest, --provenance and --sbom out");
    throw error;
  }
  check_format(format, shape, attestations);
  if (kind_ == Kind::docker && !format.added.empty())
    throw base::UsageError("output type=docker cannot hold an image in several compressions");
  if (kind_ == Kind::docker && shape == ResultShape::index) {
    base::UsageError error("output type=docker cannot hold an image index of several platforms");
    error.set_hint("use type=oci, or build one platform at a time");
    throw error;
  }
  const std::string dest = attributes.required_text("dest");
  if (!attributes.flag("tar", true) && dest == "-") {
    throw base::UsageError(
        "output type=oci,tar=false needs a directory as dest, not standard output");
  }
}

std::optional<LayerNeeds> ArchiveExporter::layer_needs(const OutputSpec& output,
                                                       const std::vector<image::Reference>&) const {
  const OutputAttributes attributes(output);
  if (wants_own_layers(attributes)) return std::nullopt;
  return LayerNeeds{read_layer_format(attributes, ImageFormat::oci).compression, {}};
}

ExportResult ArchiveExporter::run(const FinishedBuild& build, const OutputSpec& output,
                                  const Services& services, ImagePusher*,
                                  const ExportReport& report, std::stop_token stop) const {
  const OutputAttributes attributes(output);
  const bool docker = kind_ == Kind::docker;
  const LayerFormat format = read_layer_format(
      attributes, docker ? ImageFormat::docker : ImageFormat::oci, services.clock);
  NamedImages image{.built = {}, .names = output_names(build.names, output)};
  const std::string dest = attributes.required_text("dest");

  report.note("exporting layers");
  FinishedBuild wanted = as_wanted(build, attributes, services, stop);
  wanted.names = image.names;
  image.built = make_built_images(wanted, format, BlobPlace::store, services.store, stop);
  note_time(wanted, output_clock(attributes, services.clock), image.built.top);
  report.note("writing " + std::string(docker ? "docker archive" : "OCI layout") + " to " + dest);
  const auto& content = services.store.content();
  if (attributes.flag("tar", true)) {
    write_archive(image, docker ? DockerManifest::beside_layout : DockerManifest::none, content,
                  dest, stop);
  } else {
    write_directory(image, content, dest);
  }
  return export_result(image.built, image.names);
}

}  // namespace ibuild::builder
