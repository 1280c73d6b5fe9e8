#include "cli/commands/version_command.h"

#include <sys/utsname.h>

#include "cli/exit_code.h"
#include "cli/option_parser.h"
#include "cli/version.h"
#include "image/platform.h"

namespace ibuild::cli {

int run_version(Arguments arguments, CommandContext& context) {
  OptionParser parser("ibuild version", "Shows the version");
  if (parser.parse(arguments, context.out) == OptionParser::Outcome::help_shown) return kSuccess;
  utsname system{};
  uname(&system);
  context.out << "ibuild " << kVersion << " (" << image::host_platform().str() << ", "
              << system.sysname << " " << system.release << ")\n";
  return kSuccess;
}

}  // namespace ibuild::cli
