#include "builder/export/image_exporter.h"

#include "base/error.h"
#include "builder/assemble_image.h"
#include "builder/export/layer_blobs.h"
#include "builder/export/output_attributes.h"
#include "builder/export/output_names.h"

namespace ibuild::builder {

namespace {

void keep_in_store(const BuiltImage& built, const std::vector<image::Reference>& names,
                   layers::Store& store, const ExportReport& report) {
  store.content().put(built.config_json);
  store.content().put(built.manifest_json);
  report.note("writing image " + built.manifest.digest.str());
  for (const image::Reference& name : names) {
    store.images().tag(name, built.manifest);
    report.note("naming to " + name.str());
  }
  if (names.empty()) store.images().add_untagged(built.manifest);
}

}  // namespace

void ImageExporter::check(const OutputSpec& output) const {
  const OutputAttributes attributes(output);
  attributes.allow_layer_format_and({"name", "push", "rewrite-timestamp"});
  (void)read_layer_format(attributes, ImageFormat::oci);
  const bool push = attributes.flag("push", target_ == Target::registry);
  if (target_ == Target::registry && !push) {
    throw base::UsageError("output type=registry with push=false does nothing; use type=image");
  }
}

ExportResult ImageExporter::run(const FinishedImage& image, const OutputSpec& output,
                                const Services& services, ImagePusher* pusher,
                                const ExportReport& report, std::stop_token stop) const {
  const OutputAttributes attributes(output);
  const LayerFormat format = read_layer_format(attributes, ImageFormat::oci);
  const auto names = output_names(image, output);
  const bool push = target_ == Target::registry || attributes.flag("push", false);
  if (push && names.empty()) {
    base::UsageError error("cannot push an image without a name");
    error.set_hint("name it with -t REGISTRY/NAME:TAG");
    throw error;
  }
  if (push && pusher == nullptr) throw base::UsageError("this build has no way to push");

  report.note("exporting layers");
  // What is pushed can be had from there again: a base's layer that nothing needed is not fetched.
  const auto place = push ? BlobPlace::store_or_origin : BlobPlace::store;
  const BuiltImage built = assemble_image(
      image.config, make_layer_blobs(image.layers, format, place, services.store, stop),
      format.format);
  if (target_ == Target::store) keep_in_store(built, names, services.store, report);
  if (push) pusher->push(built, names, report.vertex, services.events, stop);
  return {.image = built.manifest, .config_digest = built.config.digest, .names = texts_of(names)};
}

}  // namespace ibuild::builder
