#include "cli/commands/rebase_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/remote/rebase_image.h"
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

/// The command line.
struct RebaseOptions {
  std::string image;
  std::string onto;
  std::string old_base;
  std::string platform;
  std::vector<std::string> tags;
  std::string progress_kind;
  bool dry_run = false;
  bool quiet = false;
  FormatFlag format;
  RegistryFlags registry;
  ShortNameFlag short_names;

  void add_to(OptionParser& parser) {
    parser.operand("IMAGE", image, "Image of a registry, with :TAG or @DIGEST");
    parser.value("--onto", "NEWBASE", onto, "Base to put the image's own layers onto");
    parser.value("--old-base", "BASE", old_base,
                 "Base that the image was built on (default: what its annotations name)");
    parser.list("-t,--tag", "NAME", tags,
                "Name to write it under; may be given repeatedly (default: IMAGE itself)");
    parser.value("--platform", "OS/ARCH", platform, "Only this image of an index (default: all)");
    parser.flag("--dry-run", dry_run, "Print the manifest or index, write nothing");
    parser.flag("-q,--quiet", quiet, "Show only what was written");
    parser.value("--progress", "KIND", progress_kind, "auto, plain, tty, rawjson, quiet or none");
    format.add_to(parser);
    registry.add_to(parser);
    short_names.add_to(parser);
  }

  /// Bases are only read; the image may be written, too.
  remote::RebaseRequest request(const ImageNames& bases) const {
    if (onto.empty()) throw base::UsageError("--onto NEWBASE is missing");
    remote::RebaseRequest request{.image = parse_source(image), .onto = bases.parse(onto)};
    if (!old_base.empty()) request.old_base = bases.parse(old_base);
    if (!platform.empty()) request.platform = image::parse_platform(platform);
    return request;
  }

  /// An image named by its digest has no tag that could be written.
  std::vector<image::Reference> names() const {
    std::vector<image::Reference> names;
    for (const auto& text : tags) {
      names.push_back(parse_source(text));
      if (names.back().digest)
        throw base::UsageError("an image is written under a tag, not under a digest: " +
                               base::printable(text));
    }
    if (!names.empty()) return names;
    auto name = parse_source(image);
    if (name.digest) name.tag.clear();
    name.digest.reset();
    return {name};
  }

 private:
  static image::Reference parse_source(const std::string& text) {
    return image::with_default_tag(image::parse_reference(text));
  }
};

std::string result_json(const image::Reference& name, const image::Reference& onto,
                        const remote::RebaseDraft& draft, const remote::CopyResult& result) {
  auto json = named_descriptor_json(name.str(), result.copied);
  json["Source"] = draft.source.str();
  json["Onto"] = onto.str();
  auto images = nlohmann::ordered_json::array();
  for (const auto& image : draft.images) {
    images.push_back({{"Digest", image.built.manifest.digest.str()},
                      {"Platform", image.built.manifest.platform.value().str_with_version()},
                      {"OldBase", image.old_base.str()},
                      {"NewBase", image.new_base.str()},
                      {"Kept", image.kept}});
  }
  json["Images"] = std::move(images);
  auto left_out = nlohmann::ordered_json::array();
  for (const auto& digest : draft.left_out) left_out.push_back(digest.str());
  json["LeftOut"] = std::move(left_out);
  json["Blobs"] = {
      {"Sent", result.sent}, {"Mounted", result.mounted}, {"ThereAlready", result.there_already}};
  return json_line(json);
}

void tell(const remote::RebaseDraft& draft, builder::VertexWatch& watch) {
  for (const auto& image : draft.images) {
    const auto platform = image.built.manifest.platform.value().str_with_version();
    watch.note(fmt::format("{}: from {} to {}", platform, image.old_base.familiar(),
                           image.new_base.familiar()));
    for (const auto& value : image.kept)
      watch.note(fmt::format("{}: kept the image's own {}, which the new base has changed",
                             platform, value));
  }
  for (const auto& digest : draft.left_out)
    watch.note("left out the attestation " + digest.str() + ", which is about the image before");
}

}  // namespace

int run_rebase(Arguments arguments, CommandContext& context) {
  OptionParser parser(
      "ibuild rebase",
      "Puts an image's own layers onto another base, in the registry, where that is "
      "sure to fit");
  RebaseOptions options;
  options.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;

  ImageNames bases(options.short_names, options.registry);
  auto request = options.request(bases);
  const auto names = options.names();
  const bool as_json = options.format.json();
  const SignalWatcher signals;
  const bool silent = options.quiet || options.dry_run;
  Progress progress(silent ? ProgressMode::quiet : parse_progress(options.progress_kind),
                    context.err);
  const auto client =
      registry::make_registry_client(options.registry.resolve(), warnings_to(progress));
  remote::RebaseDraft draft;
  remote::CopyResult result;
  run_task(progress, "rebasing " + request.image.str() + " onto " + request.onto.str(),
           [&](builder::VertexWatch& watch) {
             const auto find = [&](image::Reference& base) {
               base = bases.find(
                   base, *client, [&](const auto& text) { watch.note(text); }, signals.token());
             };
             find(request.onto);
             if (request.old_base) find(*request.old_base);
             draft = remote::draft_rebase(*client, request, signals.token());
             tell(draft, watch);
             if (options.dry_run) return;
             result =
                 remote::push_rebase(*client, draft, names, watch.id(), progress, signals.token());
             watch.note(fmt::format("{} blobs sent, {} mounted, {} there already", result.sent,
                                    result.mounted, result.there_already));
           });
  if (options.dry_run) {
    context.out << draft.top.bytes << "\n";
    return kSuccess;
  }
  for (const auto& name : names) {
    context.out << (as_json ? result_json(name, request.onto, draft, result)
                            : name.str() + "@" + result.copied.digest.str() + "\n");
  }
  return kSuccess;
}

}  // namespace ibuild::cli
