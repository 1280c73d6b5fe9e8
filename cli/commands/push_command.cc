#include "cli/commands/push_command.h"

#include "base/error.h"
#include "base/text.h"
#include "builder/remote/push_stored.h"
#include "cli/exit_code.h"
#include "cli/image_access.h"
#include "cli/image_finder.h"
#include "cli/option_parser.h"
#include "cli/platform_flag.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/single_task.h"

namespace ibuild::cli {

namespace {

image::Reference push_destination(const std::string& text) {
  auto reference = image::with_default_tag(image::parse_reference(text));
  if (reference.digest)
    throw base::UsageError("an image is pushed under a tag, not under a digest: " + text);
  return reference;
}

}  // namespace

int run_push(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild push", "Sends an image of the store to a registry");
  std::string source;
  std::string destination;
  std::string platform;
  std::string progress_kind;
  bool quiet = false;
  StoreOptions store;
  RegistryFlags registry;
  parser.operand("NAME", source, "Image to send");
  parser.optional_operand("DESTINATION", destination, "Name to send it under (default: NAME)");
  parser.value("--platform", "OS/ARCH", platform, "Send only this image of an index");
  parser.flag("-q,--quiet", quiet, "Show only what was sent");
  parser.value("--progress", "KIND", progress_kind, "auto, plain, tty, rawjson, quiet or none");
  store.add_to(parser);
  registry.add_to(parser);
  parser.refuse("-a,--all-tags", OptionParser::Takes::no_value, "name each tag");
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;

  const auto target = push_destination(destination.empty() ? source : destination);
  const SignalWatcher signals;
  Progress progress(quiet ? ProgressMode::quiet : parse_progress(progress_kind), context.err);
  ImageAccess access(store, registry, warnings_to(progress));
  const auto found = find_image(access.loader(), source);
  remote::PushResult result;
  run_task(progress, "pushing " + target.str(), [&](builder::VertexWatch& watch) {
    remote::PushRequest request{.source = found.top, .destination = target};
    if (!platform.empty()) request.platform = parse_platform_flag(platform);
    result = remote::push_stored(access.loader(), request, watch.id(), progress, signals.token());
    if (!result.parts.empty()) {
      watch.note("the store has the image for " + base::join(result.parts, ", ") +
                 " only; the rest of the index was not pushed");
    }
  });
  context.out << target.str() << "@" << result.pushed.digest.str() << "\n";
  return kSuccess;
}

}  // namespace ibuild::cli
