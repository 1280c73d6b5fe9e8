#pragma once

namespace ibuild::cli {

/// What ibuild exits with; part of its interface. See: docs/exit-codes.md.
enum ExitCode : int {
  kSuccess = 0,
  kFailure = 1,         // the build or the command failed
  kUsage = 2,           // the command line or a configuration file is wrong
  kRegistry = 3,        // a registry refused, or could not be reached
  kSandbox = 4,         // the sandbox of a step could not be set up
  kRunFailed = 125,     // `ibuild run` failed before the container's program started
  kCancelled = 130,     // stopped by Ctrl-C, SIGTERM or SIGHUP
  kOutputClosed = 141,  // nobody reads standard output any more; 128 + SIGPIPE
};

}  // namespace ibuild::cli
