#include "cli/commands/pull_command.h"

#include "builder/remote/pull.h"
#include "cli/exit_code.h"
#include "cli/image_access.h"
#include "cli/option_parser.h"
#include "cli/platform_flag.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/single_task.h"

namespace ibuild::cli {

int run_pull(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild pull", "Fetches an image with all its layers from a registry");
  std::string name;
  std::string platform;
  std::string progress_kind;
  bool quiet = false;
  StoreOptions store;
  RegistryFlags registry;
  parser.operand("NAME", name, "Image to fetch, with :TAG or @DIGEST");
  parser.value("--platform", "OS/ARCH", platform, "Platform of the image (this machine's own)");
  parser.flag("-q,--quiet", quiet, "Show only what was fetched");
  parser.value("--progress", "KIND", progress_kind, "auto, plain, tty, rawjson, quiet or none");
  store.add_to(parser);
  registry.add_to(parser);
  parser.refuse("-a,--all-tags", OptionParser::Takes::no_value, "name one tag");
  parser.refuse("--all-platforms", OptionParser::Takes::no_value,
                "only this machine's own platform is fetched");
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;

  const auto reference = image::with_default_tag(image::parse_reference(name));
  const auto wanted = parse_platform_flag(platform);
  const SignalWatcher signals;
  Progress progress(quiet ? ProgressMode::quiet : parse_progress(progress_kind), context.err);
  ImageAccess access(store, registry, warnings_to(progress));
  std::string digest;
  run_task(progress, "pulling " + reference.str(), [&](builder::VertexWatch& watch) {
    const auto result = remote::pull_image(access.loader(), reference, wanted, watch.id(), progress,
                                           signals.token());
    digest = result.top.digest.str();
    if (result.fetched_blobs == 0) watch.note("all layers are in the store");
  });
  context.out << reference.name() << (reference.tag.empty() ? "" : ":" + reference.tag) << "@"
              << digest << "\n";
  return kSuccess;
}

}  // namespace ibuild::cli
