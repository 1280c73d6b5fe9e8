#include "cli/commands/run_command.h"

#include <exception>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "builder/ops/user_lookup.h"
#include "builder/remote/pull.h"
#include "builder/remote/registry_image_source.h"
#include "builder/remote/short_name_source.h"
#include "builder/tree/layered_tree.h"
#include "cli/container_spec.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/image_access.h"
#include "cli/image_finder.h"
#include "cli/isolation.h"
#include "cli/option_parser.h"
#include "cli/options_run.h"
#include "cli/platform_flag.h"
#include "cli/progress.h"
#include "cli/short_names.h"
#include "cli/signals.h"
#include "cli/single_task.h"
#include "layers/images_in_use.h"
#include "layers/working_tree.h"
#include "sandbox/sandbox.h"

namespace ibuild::cli {

namespace {

/// Passes signals on, and the messages of a program that could not be run.
class ContainerObserver : public sandbox::StepObserver {
 public:
  ContainerObserver(SignalWatcher& signals, std::ostream& err) : signals_(signals), err_(err) {}
  void output(Stream, std::string_view bytes) override { err_ << bytes << std::flush; }
  void started(int pidfd) override { signals_.forward_to(pidfd); }

 private:
  SignalWatcher& signals_;
  std::ostream& err_;
};

/// The image of the command line; what of it is missing is fetched.
class ImageLookup {
 public:
  ImageLookup(const RunOptions& options, ImageAccess& access, std::stop_token stop)
      : options_(options),
        access_(access),
        stop_(std::move(stop)),
        platform_(parse_platform_flag(options.platform)) {}

  FoundImage find(Progress& progress) {
    const auto& text = options_.command.front();
    if (const auto name = short_name()) {
      std::string found;
      run_task(progress, "finding " + name->str(), [&](builder::VertexWatch& watch) {
        found = find_short_name(*name, watch, progress);
      });
      return find_image(access_.loader(), found);
    }
    if (options_.pull == "always" || (options_.pull == "missing" && !is_stored(text))) {
      const auto reference = image::with_default_tag(image::parse_reference(text));
      run_task(progress, "pulling " + reference.str(),
               [&](builder::VertexWatch& watch) { pull(reference, watch, progress); });
    }
    return find_image(access_.loader(), text);
  }

 private:
  bool is_stored(const std::string& name) const {
    try {
      load_image(access_.loader(), find_image(access_.loader(), name), platform_);
      return true;
    } catch (const base::Error&) {
      return false;
    }
  }

  void pull(const image::Reference& reference, const builder::VertexWatch& watch,
            Progress& progress) const {
    remote::pull_image(access_.loader(), reference, platform_, watch.id(), progress, stop_);
  }

  /// The name, where it names no registry and registries.conf tells which is meant.
  std::optional<image::Reference> short_name() const {
    const auto rule = options_.short_names.rule();
    if (rule == image::ShortNameRule::docker) return std::nullopt;
    try {
      auto name = image::with_default_tag(image::parse_reference(options_.command.front(), rule));
      return image::is_short_name(name) ? std::optional(std::move(name)) : std::nullopt;
    } catch (const base::UsageError&) {
      return std::nullopt;  // perhaps a digest
    }
  }

  /// What find_image() takes.
  std::string find_short_name(const image::Reference& name, const builder::VertexWatch& watch,
                              Progress& progress) const {
    remote::ShortNameSearch search(options_.registry.resolve());
    if (options_.pull != "always") {
      remote::RegistryImageSource images(access_.loader());
      remote::ShortNameSource source(images, search, access_.loader().origins());
      const auto stored = source.try_load(name, platform_, builder::PullPolicy::never, stop_);
      if (stored) {
        for (const auto& remark : stored->remarks) watch.note(remark);
        return stored->reference.str();
      }
      const auto& text = options_.command.front();
      if (find_by_digits(access_.loader(), text)) return text;
      if (options_.pull == "never")
        throw base::Error("the store has no image " + base::printable(text));
    }
    const auto found = search.find_image(name, access_.loader().registry().client(), stop_);
    for (const auto& remark : found.remarks) watch.note(remark);
    pull(found.reference, watch, progress);
    return found.reference.str();
  }

  const RunOptions& options_;
  ImageAccess& access_;
  const std::stop_token stop_;
  const image::Platform platform_;
};

int run_container(const RunOptions& options, const IsolationChoice& isolation,
                  CommandContext& context, SignalWatcher& signals) {
  auto container = prepare_container(options);
  Progress progress(ProgressMode::plain, context.err);
  ImageAccess access(options.store, options.registry, warnings_to(progress), 0);
  const auto platform = parse_platform_flag(options.platform);
  const auto found = ImageLookup(options, access, signals.token()).find(progress);
  const auto image = load_image(access.loader(), found, platform);
  if (const auto warning =
          platform_warning(options.command.front(), platform, image.config.platform))
    warnings_printed_to(context.err)(*warning);

  const builder::LayeredTree files(access.store().layers(), image.layers, "the image",
                                   signals.token());
  const builder::UserLookup users(files);
  take_image(options, image.config.config, users, container);
  const auto snapshots = make_snapshots(isolation, access.store());
  const auto tree = snapshots->open(image.layers, signals.token());
  layers::note_in_use(access.store(), found.top);
  access.session().release_hold();
  container.spec.architectures = {image::normalize(image.config.platform).architecture};
  container.spec.root_fd = tree->root().get();
  container.spec.root_is_detached_mount = tree->is_detached_mount();
  container.spec.special_owners = tree->special_owners();

  ContainerObserver observer(signals, context.err);
  const auto status = make_sandbox(isolation)->run(container.spec, observer, signals.token());
  return status.signal != 0 ? 128 + status.signal : status.code;
}

}  // namespace

int run_run(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild run", "Runs a program in an image, in the foreground");
  RunOptions options;
  options.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  options.check();
  const auto wanted = parse_isolation(options.isolation);
  if (wanted == Isolation::none)
    throw base::UsageError("--isolation=none: a program needs a sandbox to run in");
  const auto isolation = enter_isolation(wanted, options.store.path(), context.argc, context.argv);
  if (!isolation.can_run()) {
    throw sandbox::SandboxError("choose a profile",
                                "no program can be run here: " + isolation.reason);
  }
  SignalWatcher signals;
  try {
    return run_container(options, isolation, context, signals);
  } catch (const std::exception& error) {
    report_error(context.err, error);
    const int code = exit_code_for(error);
    return code == kCancelled || code == kUsage ? code : kRunFailed;
  }
}

}  // namespace ibuild::cli
