#include "cli/commands/load_command.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/stoppable_stream.h"
#include "cli/exit_code.h"
#include "cli/image_access.h"
#include "cli/option_parser.h"
#include "cli/signals.h"
#include "layers/archive_import.h"

namespace ibuild::cli {

namespace {

base::UniqueFd open_input(const std::string& path) {
  base::UniqueFd fd(path.empty() || path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                                : base::open_for_reading(path).release());
  if (!fd) throw base::SystemError("open", "standard input");
  if (isatty(fd.get()) == 1) {
    throw base::UsageError("standard input is a terminal: name the archive with -i FILE");
  }
  return fd;
}

void tell(const layers::ImportedImage& image, std::ostream& out) {
  for (const auto& name : image.names) out << "Loaded image: " << name.familiar() << "\n";
  if (image.names.empty()) out << "Loaded image: " << image.descriptor.digest.str() << "\n";
}

}  // namespace

int run_load(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild load",
                      "Reads images from an archive: of `docker save`, or an OCI layout in a tar");
  std::string input;
  bool quiet = false;
  StoreOptions store;
  parser.value("-i,--input", "FILE", input, "Archive (default: standard input)");
  parser.flag("-q,--quiet", quiet, "Print nothing");
  store.add_to(parser);
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;

  const auto fd = open_input(input);
  const SignalWatcher signals;
  StoreSession session(store.path());
  base::StoppableSource source(fd.get(), signals.token());
  for (const auto& image : layers::import_archive(session.store(), source, signals.token())) {
    if (!quiet) tell(image, context.out);
  }
  return kSuccess;
}

}  // namespace ibuild::cli
