#pragma once

#include <string>
#include <vector>

#include "cli/option_parser.h"
#include "cli/options_registry.h"
#include "cli/options_resources.h"
#include "cli/options_security.h"
#include "cli/options_store.h"
#include "cli/short_names.h"

namespace ibuild::cli {

/// The command line of `ibuild run` as it was written.
struct RunOptions {
  std::vector<std::string> command;  // the image, then what replaces its command
  std::vector<std::string> env;
  std::vector<std::string> volumes;
  std::string working_dir;
  std::vector<std::string> ports;
  std::string user;
  std::optional<std::string> entrypoint;
  std::string network = "host";
  std::vector<std::string> add_hosts;
  std::string hostname;
  std::string shm_size;
  std::vector<std::string> ulimits;
  std::vector<std::string> devices;
  std::vector<std::string> cdi_directories;
  ResourceOptions resources;
  SecurityOptions security;
  std::string pull = "missing";
  std::string platform;
  std::string isolation;
  bool read_only = false;
  bool remove = true;
  bool interactive = false;
  bool tty = false;
  StoreOptions store;
  RegistryFlags registry;
  ShortNameFlag short_names;

  void add_to(OptionParser& parser);
  /// Checks what can be checked without an image. Throws: UsageError naming the option.
  void check() const;
};

/// The value of --publish. The container is on the host's network, so that only equal ports can be
/// served. Throws: UsageError that says so.
void check_published_port(const std::string& text);

/// The value of --volume.
struct Volume {
  std::string source;  // host path
  std::string target;  // absolute
  bool read_only = false;
};
/// Throws: UsageError, also for a named volume.
Volume parse_volume(const std::string& text);

}  // namespace ibuild::cli
