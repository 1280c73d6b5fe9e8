#include "cli/commands/run_command.h"

#include <exception>

#include "base/error.h"
#include "base/text.h"
#include "builder/ops/user_lookup.h"
#include "builder/remote/pull.h"
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
#include "cli/signals.h"
#include "cli/single_task.h"
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

bool is_stored(const remote::ImageLoader& loader, const std::string& name,
               const image::Platform& platform) {
  try {
    load_image(loader, find_image(loader, name), platform);
    return true;
  } catch (const base::Error&) {
    return false;
  }
}

FoundImage find_or_pull(const RunOptions& options, ImageAccess& access, Progress& progress,
                        std::stop_token stop) {
  const auto& name = options.command.front();
  const auto platform = parse_platform_flag(options.platform);
  if (options.pull == "always" ||
      (options.pull == "missing" && !is_stored(access.loader(), name, platform))) {
    const auto reference = image::with_default_tag(image::parse_reference(name));
    run_task(progress, "pulling " + reference.str(), [&](builder::VertexWatch& watch) {
      remote::pull_image(access.loader(), reference, platform, watch.id(), progress, stop);
    });
  }
  return find_image(access.loader(), name);
}

int run_container(const RunOptions& options, const IsolationChoice& isolation,
                  CommandContext& context, SignalWatcher& signals) {
  Progress progress(ProgressMode::plain, context.err);
  ImageAccess access(options.store, options.registry, warnings_to(progress), 0);
  const auto image =
      load_image(access.loader(), find_or_pull(options, access, progress, signals.token()),
                 parse_platform_flag(options.platform));

  const builder::LayeredTree files(access.store().layers(), image.layers, "the image",
                                   signals.token());
  const builder::UserLookup users(files);
  auto container = make_container_spec(options, image.config.config, users);
  const auto snapshots = make_snapshots(isolation, access.store());
  const auto tree = snapshots->open(image.layers, signals.token());
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
  const auto isolation = enter_isolation(wanted, context.argc, context.argv);
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
