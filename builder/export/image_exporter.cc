#include "builder/export/image_exporter.h"

#include "base/error.h"
#include "builder/export/layer_blobs.h"
#include "builder/export/output_attributes.h"
#include "builder/export/output_names.h"
#include "builder/export/squash.h"

namespace ibuild::builder {

namespace {

void keep_in_store(const BuiltImages& built, const std::vector<image::Reference>& names,
                   layers::Store& store, const ExportReport& report) {
  for (const auto& image : built.images) {
    store.content().put(image.config_json);
    store.content().put(image.manifest_json);
  }
  put_attestations(built, store.content());
  if (!built.index_json.empty()) store.content().put(built.index_json);
  report.note("writing " + std::string(built.index_json.empty() ? "image " : "image index ") +
              built.top.digest.str());
  for (const image::Reference& name : names) {
    store.images().tag(name, built.top);
    report.note("naming to " + name.str());
  }
  if (!names.empty()) return;
  store.images().add_untagged(built.top);
  store.content().mark_used(built.top.digest);  // the garbage collection keeps it for a while
}

/// Makes the trees of the layers that a container of this machine's platform would be started from.
void unpack(const FinishedBuild& build, const Services& services, const ExportReport& report,
            std::stop_token stop) {
  const auto host = image::host_platform();
  for (const auto& image : build.images) {
    if (build.images.size() > 1 && !image::matches(host, image.config.platform)) continue;
    report.note("unpacking layers");
    services.store.layers().materialize_all(image.layers, {.index = true, .tree = true}, stop);
  }
}

}  // namespace

void ImageExporter::check(const OutputSpec& output, ResultShape shape,
                          const AttestationSettings& attestations) const {
  const OutputAttributes attributes(output);
  attributes.allow_layer_format_and({"name", "push", "push-by-digest", "name-canonical",
                                     "dangling-name-prefix", "dangling-name-empty-only", "store",
                                     "unpack", kInsecureAttribute});
  for (const char* flag :
       {"name-canonical", "unpack", "dangling-name-empty-only", kInsecureAttribute})
    (void)attributes.flag(flag, false);
  const bool stored = attributes.flag("store", target_ == Target::store);
  if (attributes.flag("unpack", false) && !stored)
    throw base::UsageError(attributes.what() + ": unpack=true needs store=true");
  (void)dangling_prefix(output, /*has_name=*/false);
  check_format(read_layer_format(attributes, ImageFormat::oci), shape, attestations);
  const bool push = attributes.flag("push", target_ == Target::registry);
  if (target_ == Target::registry && !push) {
    throw base::UsageError("output type=registry with push=false does nothing; use type=image");
  }
  if (attributes.flag("push-by-digest", false) && !push)
    throw base::UsageError("push-by-digest=true without push=true does nothing");
}

bool ImageExporter::pushes(const OutputAttributes& attributes) const {
  return target_ == Target::registry || attributes.flag("push", false);
}

std::optional<LayerNeeds> ImageExporter::layer_needs(
    const OutputSpec& output, const std::vector<image::Reference>& names) const {
  const OutputAttributes attributes(output);
  if (wants_own_layers(attributes)) return std::nullopt;
  LayerNeeds needs{read_layer_format(attributes, ImageFormat::oci).compression, {}};
  if (pushes(attributes)) needs.destinations = output_names(names, output);
  return needs;
}

ExportResult ImageExporter::run(const FinishedBuild& build, const OutputSpec& output,
                                const Services& services, ImagePusher* pusher,
                                const ExportReport& report, std::stop_token stop) const {
  const OutputAttributes attributes(output);
  const LayerFormat format = read_layer_format(attributes, ImageFormat::oci, services.clock);
  auto names = output_names(build.names, output);
  const auto prefix = dangling_prefix(output, !names.empty());
  const bool push = pushes(attributes);
  if (push && names.empty() && !prefix) {
    base::UsageError error("cannot push an image without a name");
    error.set_hint("name it with -t REGISTRY/NAME:TAG");
    throw error;
  }
  if (push && pusher == nullptr) throw base::UsageError("this build has no way to push");

  report.note("exporting layers");
  // What is pushed can be had from there again: a base's layer that nothing needed is not fetched.
  const auto place = push ? BlobPlace::store_or_origin : BlobPlace::store;
  FinishedBuild wanted = as_wanted(build, attributes, services, stop);
  wanted.names = names;
  const BuiltImages built = make_built_images(wanted, format, place, services.store, stop);
  const auto given = by_digest(names, built.top.digest);
  if (prefix) names.push_back(by_digest({*prefix}, built.top.digest).front());
  const auto canonical = by_digest(names, built.top.digest);
  // What has no tag in the registry gets none here.
  const bool untagged = attributes.flag("push-by-digest", false);
  if (attributes.flag("store", target_ == Target::store)) {
    keep_in_store(built, untagged ? std::vector<image::Reference>{} : names, services.store,
                  report);
    if (attributes.flag("unpack", false)) unpack(wanted, services, report, stop);
  }
  if (push) pusher->push(built, untagged ? canonical : names, report.vertex, services.events, stop);
  ExportResult result = export_result(built, untagged ? canonical : names);
  if (!untagged && attributes.flag("name-canonical", false)) {
    for (auto& name : texts_of(given)) result.names.push_back(std::move(name));
  }
  return result;
}

}  // namespace ibuild::builder
