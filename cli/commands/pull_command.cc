#include "cli/commands/pull_command.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "builder/remote/pull.h"
#include "cli/descriptor_json.h"
#include "cli/exit_code.h"
#include "cli/format_flag.h"
#include "cli/image_access.h"
#include "cli/image_finder.h"
#include "cli/option_parser.h"
#include "cli/platform_flag.h"
#include "cli/progress.h"
#include "cli/short_names.h"
#include "cli/signals.h"
#include "cli/single_task.h"

namespace ibuild::cli {

namespace {

/// Of the image that the registry has under the name now.
std::vector<image::Platform> offered_platforms(const remote::ImageLoader& loader,
                                               const image::Reference& reference,
                                               std::stop_token stop) {
  const auto top = loader.refresh_top(reference, stop);
  std::vector<image::Platform> platforms;
  if (top) {
    for (const auto& image : list_images(loader, {.name = reference.str(), .top = *top}))
      platforms.push_back(image.platform);
  }
  // A lone image, or none: the pull tells.
  if (platforms.empty()) platforms.push_back(image::host_platform());
  return platforms;
}

}  // namespace

int run_pull(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild pull", "Fetches an image with all its layers from a registry");
  std::string name;
  std::vector<std::string> platforms;
  bool all_platforms = false;
  std::string progress_kind;
  bool quiet = false;
  FormatFlag format;
  StoreOptions store;
  RegistryFlags registry;
  ShortNameFlag short_names;
  parser.operand("NAME", name, "Image to fetch, with :TAG or @DIGEST");
  parser.list("--platform", "OS/ARCH[,…]", platforms,
              "Platform of the image (this machine's own); several of an index may be named");
  parser.flag("--all-platforms", all_platforms, "Fetch every image of an index");
  parser.flag("-q,--quiet", quiet, "Show only what was fetched");
  parser.value("--progress", "KIND", progress_kind, "auto, plain, tty, rawjson, quiet or none");
  format.add_to(parser);
  store.add_to(parser);
  registry.add_to(parser);
  short_names.add_to(parser);
  parser.refuse("-a,--all-tags", OptionParser::Takes::no_value, "name one tag");
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;

  ImageNames names(short_names, registry);
  auto reference = names.parse(name);
  auto wanted = parse_platform_list(platforms);
  if (wanted.empty()) wanted.push_back(image::host_platform());
  if (all_platforms && !platforms.empty())
    throw base::UsageError("--platform and --all-platforms cannot be used together");
  const bool as_json = format.json();
  const SignalWatcher signals;
  Progress progress(quiet ? ProgressMode::quiet : parse_progress(progress_kind), context.err);
  ImageAccess access(store, registry, warnings_to(progress));
  image::Descriptor top;
  std::size_t fetched = 0;
  run_task(progress, "pulling " + reference.str(), [&](builder::VertexWatch& watch) {
    reference = names.find(
        reference, access.loader().registry().client(), [&](const auto& text) { watch.note(text); },
        signals.token());
    if (all_platforms) wanted = offered_platforms(access.loader(), reference, signals.token());
    for (const auto& platform : wanted) {
      const auto result = remote::pull_image(access.loader(), reference, platform, watch.id(),
                                             progress, signals.token());
      const auto warning =
          platform_warning(reference.familiar(), platform, result.image.config.platform);
      if (warning && !all_platforms) warnings_to(progress)(*warning);
      top = result.top;
      fetched += result.fetched_blobs;
    }
    if (fetched == 0) watch.note("all layers are in the store");
  });
  const auto shown = reference.name() + (reference.tag.empty() ? "" : ":" + reference.tag);
  if (as_json) {
    auto json = named_descriptor_json(shown, top);
    json["Platforms"] = nlohmann::ordered_json::array();
    for (const auto& platform : wanted) json["Platforms"].push_back(platform.str());
    json["FetchedBlobs"] = fetched;
    context.out << json_line(json);
    return kSuccess;
  }
  context.out << shown << "@" << top.digest.str() << "\n";
  return kSuccess;
}

}  // namespace ibuild::cli
