#include "cli/commands/save_command.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/export/image_layout.h"
#include "builder/export/output_file.h"
#include "builder/remote/pull.h"
#include "builder/remote/stored_attestations.h"
#include "cli/exit_code.h"
#include "cli/image_access.h"
#include "cli/image_finder.h"
#include "cli/option_parser.h"
#include "cli/option_paths.h"
#include "cli/platform_flag.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/single_task.h"
#include "image/media_types.h"

namespace ibuild::cli {

namespace {

std::string read_document(const remote::ImageLoader& loader, const image::Descriptor& document) {
  auto text = loader.read_stored(document);
  if (!text) throw base::Error("the store does not have " + document.digest.str());
  return *std::move(text);
}

/// The image with its documents byte for byte, so that its digests stay what they are.
builder::BuiltImage as_built(const remote::ImageLoader& loader, const builder::BaseImage& image) {
  builder::BuiltImage built;
  built.config = image.manifest.config;
  built.config_json = read_document(loader, built.config);
  built.manifest.digest = image.digest;
  built.manifest.media_type = image.manifest.media_type;
  built.manifest_json = read_document(loader, built.manifest);
  built.manifest.size_bytes = built.manifest_json.size();
  built.layers = image.layers;
  return built;
}

/// What goes into the archive: one image; or an index with those of its images that are here, which
/// only the OCI format can hold.
class SaveList {
 public:
  SaveList(const remote::ImageLoader& loader, const FoundImage& found) : loader_(loader) {
    top_ = found.top;
    for (const auto& image : list_images(loader, found)) {
      if (image.stored) images_.push_back(load_image(loader, found, image.platform));
    }
    if (images_.empty()) images_.push_back(load_image(loader, found));  // says what is missing
  }
  explicit SaveList(const remote::ImageLoader& loader, builder::BaseImage image)
      : loader_(loader), images_{std::move(image)} {}

  const builder::BaseImage& first() const { return images_.front(); }

  void fetch_blobs(const builder::VertexWatch& watch, builder::EventSink& events,
                   std::stop_token stop) const {
    for (const auto& image : images_)
      remote::fetch_missing_blobs(loader_, image, watch.id(), events, stop);
  }

  builder::BuiltImages built() const {
    builder::BuiltImages built;
    for (const auto& image : images_) built.images.push_back(as_built(loader_, image));
    built.top = built.images.front().manifest;
    if (top_ && image::media_type::is_index(top_->media_type)) {
      built.index_json = read_document(loader_, *top_);
      built.top = *top_;
      built.attestations = remote::stored_attestations(loader_, *top_);
    }
    return built;
  }

 private:
  const remote::ImageLoader& loader_;
  std::optional<image::Descriptor> top_;  // none: an image without the index around it
  std::vector<builder::BaseImage> images_;
};

SaveList list_to_save(const remote::ImageLoader& loader, const FoundImage& found,
                      const std::string& platform, builder::DockerManifest kind) {
  if (!platform.empty())
    return SaveList(loader, load_image(loader, found, parse_platform_flag(platform)));
  if (kind == builder::DockerManifest::none) return SaveList(loader, found);
  return SaveList(loader, load_image(loader, found));
}

/// One of the images to save, with the names that it was asked for under.
struct AskedImage {
  std::string asked;  // the first word for it
  FoundImage found;
  std::vector<image::Reference> names;
};

/// In the order of their first names.
std::vector<AskedImage> find_all(const remote::ImageLoader& loader,
                                 const std::vector<std::string>& names) {
  std::vector<AskedImage> images;
  for (const auto& name : names) {
    auto found = find_image(loader, name);
    auto known = std::ranges::find_if(images, [&](const AskedImage& image) {
      return image.found.top.digest == found.top.digest;
    });
    if (known == images.end()) known = images.insert(images.end(), {name, found, {}});
    if (found.name.empty()) continue;
    auto reference = image::parse_reference(found.name);
    if (std::ranges::find(known->names, reference) == known->names.end())
      known->names.push_back(std::move(reference));
  }
  return images;
}

builder::DockerManifest manifest_kind(const std::string& format) {
  if (format == "docker" || format == "docker-archive")
    return builder::DockerManifest::beside_layout;
  if (format == "oci" || format == "oci-archive") return builder::DockerManifest::none;
  throw base::UsageError("--format " + base::printable(format) +
                         " is not known: use docker or oci");
}

}  // namespace

int run_save(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild save",
                      "Writes images to an archive that `docker load`, podman and skopeo read");
  std::vector<std::string> names;
  std::string output = "-";
  std::string format = "docker";
  std::string platform;
  StoreOptions store;
  RegistryFlags registry;
  parser.operands("IMAGE", 1, names,
                  "Name or digest; several images, and names of one image, may be given");
  parser.value("-o,--output", "FILE", output, "Archive to write (default: standard output)");
  parser.value("--format", "KIND", format,
               "docker (an OCI layout with docker's manifest.json beside it) or oci (without)");
  parser.value("--platform", "OS/ARCH", platform,
               "Only this image of an index (docker: this machine's own; oci: all that are here)");
  store.add_to(parser);
  registry.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  const auto kind = manifest_kind(format);
  if (output != "-") result_file("--output", output);
  if (output == "-" && isatty(STDOUT_FILENO) == 1) {
    throw base::UsageError(
        "the archive would go to the terminal: name a file with -o, or redirect");
  }

  const SignalWatcher signals;
  Progress progress(ProgressMode::plain, context.err);
  ImageAccess access(store, registry, warnings_to(progress), 0);
  const auto images = find_all(access.loader(), names);
  std::vector<SaveList> lists;
  for (const auto& image : images) {
    lists.push_back(list_to_save(access.loader(), image.found, platform, kind));
    if (platform.empty()) continue;
    const auto warning = platform_warning(image.asked, parse_platform_flag(platform),
                                          lists.back().first().config.platform);
    if (warning) warnings_to(progress)(*warning);
  }
  const auto what = names.size() == 1 ? names.front() : std::to_string(images.size()) + " images";
  run_task(progress, "saving " + base::printable(what), [&](builder::VertexWatch& watch) {
    std::vector<builder::NamedImages> saved;
    for (std::size_t i = 0; i < lists.size(); ++i) {
      lists[i].fetch_blobs(watch, progress, signals.token());
      saved.push_back({lists[i].built(), images[i].names});
    }
    const auto file = builder::OutputFile::open(output, signals.token());
    builder::TarLayoutSink tar(file->sink());
    builder::write_image_layout(tar, saved, kind, access.store().content());
    tar.finish();
    file->commit();
  });
  return kSuccess;
}

}  // namespace ibuild::cli
