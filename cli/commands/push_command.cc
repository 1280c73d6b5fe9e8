#include "cli/commands/push_command.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "builder/remote/push_stored.h"
#include "cli/descriptor_json.h"
#include "cli/exit_code.h"
#include "cli/format_flag.h"
#include "cli/image_access.h"
#include "cli/image_finder.h"
#include "cli/option_parser.h"
#include "cli/option_paths.h"
#include "cli/platform_flag.h"
#include "cli/progress.h"
#include "cli/result_files.h"
#include "cli/signals.h"
#include "cli/single_task.h"

namespace ibuild::cli {

namespace {

/// What goes where.
struct Delivery {
  FoundImage image;
  image::Reference target;
};

image::Reference push_destination(const std::string& text) {
  auto reference = image::with_default_tag(image::parse_reference(text));
  if (reference.digest)
    throw base::UsageError("an image is pushed under a tag, not under a digest: " + text);
  return reference;
}

std::vector<Delivery> all_tags_of(const remote::ImageLoader& loader, const std::string& text) {
  const auto repository = image::parse_reference(text);
  if (repository.has_tag_or_digest()) {
    throw base::UsageError("--all-tags takes a name without tag and digest: " +
                           base::printable(text));
  }
  std::vector<Delivery> deliveries;
  for (const auto& stored : loader.store().images().list()) {
    if (stored.name.empty()) continue;
    auto reference = image::parse_reference(stored.name);
    if (reference.name() != repository.name() || reference.digest) continue;
    deliveries.push_back(
        {.image = {.name = stored.name, .top = stored.descriptor}, .target = std::move(reference)});
  }
  if (deliveries.empty()) throw base::Error("the store has no image of " + repository.familiar());
  return deliveries;
}

/// The command line.
struct PushOptions {
  std::string source;
  std::vector<std::string> destinations;
  std::string platform;
  std::string progress_kind;
  std::string digest_file;
  bool all_tags = false;
  bool quiet = false;
  FormatFlag format;
  StoreOptions store;
  RegistryFlags registry;

  void add_to(OptionParser& parser) {
    parser.operand("NAME", source, "Image to send");
    parser.operands("DESTINATION", 0, destinations,
                    "Names to send it under (default: NAME); several may be given");
    parser.value("--platform", "OS/ARCH", platform, "Send only this image of an index");
    parser.flag("-a,--all-tags", all_tags,
                "Send all tags that the store has of the repository NAME");
    parser.value("--digestfile", "FILE", digest_file, "Write the digest of what was sent");
    parser.flag("-q,--quiet", quiet, "Show only what was sent");
    parser.value("--progress", "KIND", progress_kind, "auto, plain, tty, rawjson, quiet or none");
    format.add_to(parser);
    store.add_to(parser);
    registry.add_to(parser);
  }
  void check() const {
    if (!digest_file.empty()) result_file("--digestfile", digest_file);
    if (!all_tags) return;
    if (!destinations.empty())
      throw base::UsageError("--all-tags sends every tag under its own name: name no DESTINATION");
    if (!digest_file.empty())
      throw base::UsageError("--all-tags and --digestfile cannot be used together");
  }
};

std::vector<Delivery> find_deliveries(const remote::ImageLoader& loader,
                                      const PushOptions& options) {
  if (options.all_tags) return all_tags_of(loader, options.source);
  std::vector<image::Reference> targets;
  for (const auto& text : options.destinations) targets.push_back(push_destination(text));
  if (targets.empty()) targets.push_back(push_destination(options.source));
  const auto found = find_image(loader, options.source);
  std::vector<Delivery> deliveries;
  deliveries.reserve(targets.size());
  for (auto& target : targets) deliveries.push_back({.image = found, .target = std::move(target)});
  return deliveries;
}

/// A lone image is sent whatever it is for.
void warn_of_platform(const remote::ImageLoader& loader, const Delivery& delivery,
                      const image::Platform& wanted, const registry::WarningSink& warn) {
  const auto image = loader.try_load_stored(delivery.target, delivery.image.top, wanted);
  if (!image) return;  // the push says what is missing
  if (const auto warning =
          platform_warning(delivery.target.familiar(), wanted, image->config.platform))
    warn(*warning);
}

std::string describe(const std::vector<Delivery>& deliveries) {
  std::vector<std::string> names;
  names.reserve(deliveries.size());
  for (const auto& delivery : deliveries) names.push_back(delivery.target.str());
  return base::join(names, ", ");
}

}  // namespace

int run_push(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild push", "Sends an image of the store to a registry");
  PushOptions options;
  options.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  options.check();
  const bool as_json = options.format.json();

  const SignalWatcher signals;
  Progress progress(options.quiet ? ProgressMode::quiet : parse_progress(options.progress_kind),
                    context.err);
  ImageAccess access(options.store, options.registry, warnings_to(progress));
  const auto deliveries = find_deliveries(access.loader(), options);
  std::vector<std::string> sent;
  image::Descriptor last;
  run_task(progress, "pushing " + describe(deliveries), [&](builder::VertexWatch& watch) {
    for (const auto& delivery : deliveries) {
      const auto& [image, target] = delivery;
      remote::PushRequest request{.source = image.top, .destination = target};
      if (!options.platform.empty()) {
        request.platform = parse_platform_flag(options.platform);
        warn_of_platform(access.loader(), delivery, *request.platform, warnings_to(progress));
      }
      const auto result =
          remote::push_stored(access.loader(), request, watch.id(), progress, signals.token());
      if (!result.parts.empty()) {
        watch.note("the store has the image for " + base::join(result.parts, ", ") +
                   " only; the rest of the index was not pushed");
      }
      last = result.pushed;
      sent.push_back(as_json ? json_line(named_descriptor_json(target.str(), last))
                             : target.str() + "@" + last.digest.str() + "\n");
    }
  });
  if (!options.digest_file.empty()) write_result_file(options.digest_file, last.digest.str());
  for (const auto& line : sent) context.out << line;
  return kSuccess;
}

}  // namespace ibuild::cli
