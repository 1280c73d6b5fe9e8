#include "cli/options_run.h"

#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/add_host.h"

namespace ibuild::cli {

namespace {

bool is_port(std::string_view text) {
  const auto port = base::parse_u64(text);
  return port && *port > 0 && *port < 65536;
}

void refuse_unsupported_run_options(OptionParser& parser) {
  using Takes = OptionParser::Takes;
  parser.refuse("-d,--detach", Takes::no_value, "the program runs in the foreground only");
  parser.refuse("--name", Takes::value,
                "containers have no names; they are gone when their program ends");
  parser.refuse("-P,--publish-all", Takes::no_value,
                "the container is on the host's network: all its ports are reachable");
  parser.refuse("--privileged", Takes::no_value, "the sandbox is always the same");
  parser.refuse("--cap-add", Takes::value, "the sandbox is always the same");
  parser.refuse("--cap-drop", Takes::value, "the sandbox is always the same");
  parser.refuse("--env-file", Takes::value, "use --env");
  parser.refuse("--mount", Takes::value, "use --volume");
  parser.refuse("--tmpfs", Takes::value,
                "the container's files are thrown away at its end in any case");
  parser.refuse("--restart", Takes::value, "nobody is there to restart it");
  parser.refuse("--cpus", Takes::value, "use --cpu-quota");
  parser.refuse("--init", Takes::no_value, "the program is process 1 of its container");
}

}  // namespace

void RunOptions::add_to(OptionParser& parser) {
  parser.command_line("IMAGE [COMMAND …]", command,
                      "IMAGE is a name or digest; COMMAND replaces the one of the image.\n"
                      "Exit code: that of the program, 128 + N when signal N ended it, 126 or 127 "
                      "when it cannot be run,\n"
                      "125 when ibuild failed before.");
  parser.list("-e,--env", "NAME[=VALUE]", env,
              "Environment variable; without =VALUE from the environment");
  parser.list("-v,--volume", "DIR:DIR[:ro]", volumes,
              "Show a file or directory of the host in the container");
  parser.value("-w,--workdir", "DIR", working_dir, "Working directory in the container");
  parser.list("-p,--publish", "PORT:PORT", ports, "Port that is served; both must be equal");
  parser.value("-u,--user", "USER[:GROUP]", user, "User in the container, names or numbers");
  parser.value("--entrypoint", "PROGRAM", entrypoint,
               "Replaces the entry point (and the command) of the image");
  parser.value("--network", "MODE", network, "host, none or private");
  parser.list("--add-host", "NAME:IP", add_hosts, "Line for /etc/hosts");
  parser.value("--hostname", "NAME", hostname, "Host name in the container");
  parser.value("--shm-size", "SIZE", shm_size, "Size of /dev/shm (default 64m)");
  parser.list("--ulimit", "NAME=SOFT[:HARD]", ulimits, "Limit for the program");
  parser.value("--platform", "OS/ARCH", platform,
               "Which image of an index to run (this machine's own)");
  parser.list("--device", "DEVICE[:TARGET]", devices,
              "Device of this machine for the program: its path, or its name (CDI)");
  parser.list("--cdi-config-dir", "DIR", cdi_directories, "Where devices with names are described");
  resources.add_to(parser);
  security.add_to(parser);
  parser.value("--pull", "WHEN", pull, "Fetch the image: missing, always or never");
  parser.value("--isolation", "KIND", isolation, "auto, root, rootless, shared-pids or chroot");
  parser.flag("--read-only", read_only, "The container cannot write to its own files");
  parser.flag("--rm", remove, "Throw the container's files away at its end (always done)");
  parser.flag("-i,--interactive", interactive, "Standard input goes to the program (always done)");
  parser.flag("-t,--tty", tty,
              "Fail unless standard input is a terminal; the program has it in any case");
  store.add_to(parser);
  registry.add_to(parser);
  short_names.add_to(parser);
  refuse_unsupported_run_options(parser);
}

void check_published_port(const std::string& text) {
  const auto refuse = [&](const std::string& why) {
    base::UsageError error("--publish " + base::printable(text) + ": " + why);
    error.set_hint(
        "the container shares the network of the host: its ports are reachable as they are");
    return error;
  };
  std::string_view rest = text;
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    const auto protocol = rest.substr(slash + 1);
    if (protocol != "tcp" && protocol != "udp") throw refuse("the protocol must be tcp or udp");
    rest = rest.substr(0, slash);
  }
  const auto parts = base::split(rest, ':');
  if (parts.size() == 3)
    throw refuse("an address to listen on cannot be chosen here, only in the program");
  if (parts.size() != 2) throw refuse("write HOST_PORT:CONTAINER_PORT");
  if (!is_port(parts[0]) || !is_port(parts[1])) throw refuse("a port is a number from 1 to 65535");
  if (parts[0] != parts[1]) {
    throw refuse("port " + std::string(parts[1]) + " of the container cannot be served as port " +
                 std::string(parts[0]) + "; both must be equal");
  }
}

Volume parse_volume(const std::string& text) {
  const auto refuse = [&](const std::string& why) {
    return base::UsageError("--volume " + base::printable(text) + ": " + why);
  };
  const auto parts = base::split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) throw refuse("write HOST_PATH:CONTAINER_PATH[:ro]");
  Volume volume{.source = std::string(parts[0]), .target = std::string(parts[1])};
  if (volume.source.find('/') == std::string::npos) {
    throw refuse("named volumes are not supported; for a directory write ./" + volume.source);
  }
  if (!volume.target.starts_with('/')) throw refuse("the path in the container must be absolute");
  if (parts.size() == 3) {
    if (parts[2] != "ro" && parts[2] != "rw") {
      throw refuse("the option " + base::printable(parts[2]) + " is not supported: use ro or rw");
    }
    volume.read_only = parts[2] == "ro";
  }
  return volume;
}

void RunOptions::check() const {
  for (const auto& port : ports) check_published_port(port);
  if (network != "host" && network != "none" && network != "private") {
    throw base::UsageError("--network " + base::printable(network) +
                           " is not supported: use host, none or private");
  }
  if (network != "host" && !ports.empty()) {
    throw base::UsageError("--publish needs the host's network, not --network " + network);
  }
  for (const auto& host : add_hosts) {
    if (network == "host" || !parse_add_host(host).ends_with(":host-gateway")) continue;
    throw base::UsageError("--add-host " + base::printable(host) +
                           ": there is no way to the host with --network=" + network);
  }
  if (pull != "missing" && pull != "always" && pull != "never") {
    throw base::UsageError("--pull " + base::printable(pull) +
                           " is not known: use missing, always or never");
  }
  if (!remove)
    throw base::UsageError("--rm=false is not supported: nothing is kept of a container");
  if (tty && isatty(STDIN_FILENO) != 1)
    throw base::UsageError("--tty: standard input is no terminal");
  if (!working_dir.empty() && !working_dir.starts_with('/')) {
    throw base::UsageError("--workdir " + base::printable(working_dir) + " must be absolute");
  }
}

}  // namespace ibuild::cli
