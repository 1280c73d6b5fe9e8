#include "cli/commands/copy_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "builder/remote/copy_image.h"
#include "cli/descriptor_json.h"
#include "cli/exit_code.h"
#include "cli/format_flag.h"
#include "cli/option_parser.h"
#include "cli/options_registry.h"
#include "cli/progress.h"
#include "cli/short_names.h"
#include "cli/signals.h"
#include "cli/single_task.h"

namespace ibuild::cli {

namespace {

image::Reference parse_destination(const std::string& text) {
  auto reference = image::with_default_tag(image::parse_reference(text));
  if (reference.digest) {
    throw base::UsageError("an image is copied to a tag, not to a digest: " +
                           base::printable(text));
  }
  return reference;
}

std::string describe(const remote::CopyResult& result) {
  if (result.sent + result.mounted + result.there_already == 0) return "it stands there already";
  return fmt::format("{} blobs sent, {} mounted, {} there already", result.sent, result.mounted,
                     result.there_already);
}

}  // namespace

int run_copy(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild copy",
                      "Copies an image from one registry to another, without the store");
  std::string source;
  std::string destination;
  std::string platform;
  std::string progress_kind;
  bool quiet = false;
  FormatFlag format;
  RegistryFlags flags;
  ShortNameFlag short_names;
  parser.operand("SOURCE", source, "Image to copy, with :TAG or @DIGEST");
  parser.operand("DESTINATION", destination, "Name to copy it to");
  parser.value("--platform", "OS/ARCH", platform, "Only this image of an index (default: all)");
  parser.flag("-q,--quiet", quiet, "Show only what was copied");
  parser.value("--progress", "KIND", progress_kind, "auto, plain, tty, rawjson, quiet or none");
  format.add_to(parser);
  flags.add_to(parser);
  short_names.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;

  ImageNames names(short_names, flags);
  remote::CopyRequest request{
      .source = names.parse(source),
      .destination = parse_destination(destination),
  };
  if (!platform.empty()) request.platform = image::parse_platform(platform);
  const bool as_json = format.json();
  const SignalWatcher signals;
  Progress progress(quiet ? ProgressMode::quiet : parse_progress(progress_kind), context.err);
  const auto client = registry::make_registry_client(flags.resolve(), warnings_to(progress));
  remote::CopyResult result;
  run_task(progress, "copying " + request.source.str() + " to " + request.destination.str(),
           [&](builder::VertexWatch& watch) {
             request.source = names.find(
                 request.source, *client, [&](const auto& text) { watch.note(text); },
                 signals.token());
             result = remote::copy_image(*client, request, watch.id(), progress, signals.token());
             watch.note(describe(result));
           });
  if (as_json) {
    auto json = named_descriptor_json(request.destination.str(), result.copied);
    json["Source"] = request.source.str();
    json["Blobs"] = {
        {"Sent", result.sent}, {"Mounted", result.mounted}, {"ThereAlready", result.there_already}};
    context.out << json_line(json);
    return kSuccess;
  }
  context.out << request.destination.str() << "@" << result.copied.digest.str() << "\n";
  return kSuccess;
}

}  // namespace ibuild::cli
