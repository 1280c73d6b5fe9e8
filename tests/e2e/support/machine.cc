#include "tests/e2e/support/machine.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/text.h"
#include "tests/support/must_run.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::e2e {

namespace {

constexpr const char* kNobody = "65534";

bool is_root() { return geteuid() == 0; }

/// Shell text that gives the user `nobody` ranges, in a mount namespace of its own. The words after
/// it are the program.
std::string grant_ranges_script(Who who) {
  const std::string line = who == Who::ranges ? "nobody:200000:65536" : "";
  return "set -e; f=$(mktemp); chmod 644 $f; echo '" + line +
         "' >$f; mount --bind $f /etc/subuid; mount --bind $f /etc/subgid; rm -f $f; "
         "exec \"$@\"";
}

std::string why_no_user_namespaces() {
  const auto result = base::run_program({"unshare", "--user", "--map-root-user", "true"});
  return result.status.success() ? "" : "unshare: " + result.err;
}

/// A copy of the binary that is there as long as this process.
class BinaryCopy {
 public:
  BinaryCopy() : dir_(test::make_scratch_dir()) {
    chmod(dir_.host_path().c_str(), 0755);
    const auto result = base::run_program(
        {"install", "-m", "755", std::string(IBUILD_BINARY_DIR) + "/ibuild", path()});
    if (!result.status.success()) throw base::Error("copy ibuild: " + result.err);
  }
  std::string path() const { return dir_.host_path() + "/ibuild"; }

 private:
  base::TempDir dir_;
};

constexpr const char* kApplets = R"(
  [ ash awk basename bunzip2 cat chgrp chmod chown chroot cmp comm cp cut date dd df diff dirname du
  echo env expr false find grep groups gunzip gzip head hostid hostname id install ip kill ln ls
  md5sum mkdir mkfifo mknod mktemp mount mv nc nproc nslookup od pidof ping printenv printf ps pwd
  readlink realpath rm rmdir sed seq setsid sh sha256sum sleep sort stat su sync tail tar tee test
  timeout touch tr true truncate tty umount uname uniq unshare uptime usleep vi wc wget which whoami
  xargs xz yes zcat)";

/// An archive of links to busybox, for what steps of tests call. All four hundred of them, made and
/// removed again by each test, would have a file system look for free inodes most of the time.
std::string applets_archive() {
  constexpr const char* kScript =
      "cd \"$0\"; mkdir bin; for name in $1; do ln -s /bin/busybox bin/$name; done; "
      "tar -C bin --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf applets.tar .";
  static const std::string archive = [] {
    const auto dir = test::make_scratch_dir();
    const auto result = base::run_program({"sh", "-fec", kScript, dir.host_path(), kApplets});
    if (!result.status.success()) throw base::Error("applets: " + result.err);
    return base::read_file_at(dir.dir(), base::RelPath::exact("applets.tar"), 1 << 20);
  }();
  return archive;
}

Output to_output(base::ProgramResult result) {
  const int code = result.status.signal != 0 ? 128 + result.status.signal : result.status.code;
  return {.code = code, .out = std::move(result.out), .err = std::move(result.err)};
}

std::string chomp(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

std::string name_of(Who who) {
  switch (who) {
    case Who::root:
      return "root";
    case Who::ranges:
      return "user with ranges";
    case Who::single:
      return "user without ranges";
  }
  return {};
}

std::vector<Who> everybody() {
  std::vector<Who> people;
  if (test::can_run("root", is_root(), "the tests do not run as root")) people.push_back(Who::root);
  static const std::string why_not = why_no_user_namespaces();
  if (!test::can_run("userns", why_not.empty(), why_not)) return people;
  if (is_root()) {
    const bool ranges = has_program("newuidmap");
    if (test::can_run("userns", ranges, "newuidmap (package uidmap) is missing"))
      people.push_back(Who::ranges);
  }
  people.push_back(Who::single);
  return people;
}

Who somebody() {
  const auto people = everybody();
  REQUIRE_FALSE(people.empty());
  return people.front();
}

std::string binary() {
  static const BinaryCopy copy;
  return copy.path();
}

bool has_program(const std::string& name) {
  return base::run_program({"sh", "-c", "command -v \"$1\"", "sh", name}).status.success();
}

std::string line_after(const std::string& text, const std::string& key) {
  const auto at = text.find(key);
  if (at == std::string::npos) return {};
  const auto begin = at + key.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

Machine::Machine(Who who) : who_(who), dir_(test::make_scratch_dir()) {
  chmod(dir_.host_path().c_str(), 0755);
  for (const char* name : {"home", "store", "context", "docker"}) {
    base::make_dirs(dir_.dir(), base::RelPath::exact(name));
    give_away(name);
  }
  give_away(".");
}

Machine::~Machine() {
  if (is_root()) return;  // TempDir can remove everything
  // Files of a rootless store belong to ids that only a namespace like ibuild's reaches.
  base::run_program({"unshare", "--map-root-user", "--map-auto", "rm", "-rf", store()});
}

void Machine::give_away(const std::string& name) const {
  if (who_ == Who::root || !is_root()) return;
  const auto result =
      base::run_program({"chown", "-h", std::string(kNobody) + ":" + kNobody, path(name)});
  REQUIRE(result.status.success());
}

void Machine::write(const std::string& name, const std::string& content, unsigned mode) {
  const auto file = base::RelPath::exact(name);
  base::make_dirs(dir_.dir(), file.parent());
  base::write_file_atomically(dir_.dir(), file, content, mode);
  for (auto part = file; !part.is_root(); part = part.parent()) give_away(part.str());
}

std::string Machine::read(const std::string& name) const {
  return base::read_file_at(dir_.dir(), base::RelPath::exact(name), 64 << 20);
}

bool Machine::exists(const std::string& name) const {
  return base::try_lstat_at(dir_.dir(), base::RelPath::exact(name)).has_value();
}

std::vector<std::string> Machine::as_user(std::vector<std::string> argv,
                                          const RunOptions& options) const {
  std::vector<std::string> words;
  const auto add = [&](std::vector<std::string> more) {
    std::move(more.begin(), more.end(), std::back_inserter(words));
  };
  const bool changes_user = is_root() && who_ != Who::root;
  if (changes_user) {
    add({"unshare", "--mount", "--propagation", "private", "sh", "-c", grant_ranges_script(who_),
         "sh"});
  }
  add(options.around);
  if (changes_user) add({"setpriv", "--reuid", kNobody, "--regid", kNobody, "--clear-groups"});
  add({"env", "-C", options.directory.empty() ? dir_.host_path() : options.directory,
       "HOME=" + path("home"), "IBUILD_ROOT=" + store(), "TMPDIR=/tmp"});
  add(options.env);
  add(std::move(argv));
  return words;
}

Output Machine::run(std::vector<std::string> argv, const RunOptions& options) const {
  base::ProgramOptions program;
  program.stdin_text = options.stdin_text;
  program.output_cap_bytes = 64 << 20;
  program.timeout = options.timeout;
  return to_output(base::run_program(as_user(std::move(argv), options), program));
}

std::string Machine::must_run(std::vector<std::string> argv, const RunOptions& options) const {
  const auto shown = base::join(argv, " ");
  const auto output = run(std::move(argv), options);
  INFO(name_of(who_) << ": " << shown << "\n" << output.out << output.err);
  REQUIRE(output.code == 0);
  return chomp(output.out);
}

/// For ibuild alone: its peers complain when they are given files that are not there.
RunOptions Machine::with_own_configuration(RunOptions options) const {
  options.env.push_back("DOCKER_CONFIG=" + path("docker"));
  options.env.push_back("CONTAINERS_REGISTRIES_CONF=" + path("registries.conf"));
  return options;
}

Output Machine::ibuild(std::vector<std::string> args, const RunOptions& options) const {
  args.insert(args.begin(), binary());
  return run(std::move(args), with_own_configuration(options));
}

std::string Machine::must(std::vector<std::string> args, const RunOptions& options) const {
  args.insert(args.begin(), binary());
  return must_run(std::move(args), with_own_configuration(options));
}

base::Child Machine::start(std::vector<std::string> args,
                           const std::vector<std::string>& env) const {
  args.insert(args.begin(), binary());
  const base::UniqueFd in(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const base::UniqueFd out(
      open(path("out").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  const base::UniqueFd err(
      open(path("err").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  REQUIRE((in && out && err));
  return base::spawn_program(as_user(std::move(args), with_own_configuration({.env = env})),
                             in.get(), out.get(), err.get());
}

Output Machine::build(const std::string& tag, const std::string& dockerfile,
                      std::vector<std::string> args, const RunOptions& options) {
  write("Dockerfile", dockerfile);
  std::vector<std::string> words = {"build", "-f", path("Dockerfile"), "-t", tag};
  words.insert(words.end(), args.begin(), args.end());
  words.push_back(path("context"));
  return ibuild(std::move(words), options);
}

void Machine::make_base() {
  write("base/passwd", "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n");
  write("base/group", "root:x:0:\nalice:x:1000:\nstaff:x:50:alice\n");
  write("base/Dockerfile",
        "FROM scratch\n"
        "COPY busybox /bin/busybox\n"
        "ADD applets.tar /bin/\n"
        "COPY passwd group /etc/\n"
        "WORKDIR /tmp\n"
        "WORKDIR /\n"
        "ENV PATH=/bin\n"
        "CMD [\"sh\"]\n");
  write("base/applets.tar", applets_archive());
  must_run({"cp", "/bin/busybox", path("base/busybox")});
  must({"build", "-q", "-t", "localhost/base:1", path("base")});
}

std::vector<std::string> Machine::processes_left() const {
  const auto list = [] {
    std::vector<std::string> found;
    for (const auto& entry : base::list_dir(base::DirFd::open("/proc"))) {
      if (!base::parse_u64(entry.name)) continue;
      std::string target(4096, '\0');
      const auto size =
          readlink(("/proc/" + entry.name + "/exe").c_str(), target.data(), target.size());
      if (size > 0 && target.substr(0, static_cast<std::size_t>(size)).starts_with(binary()))
        found.push_back(entry.name);
    }
    return found;
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  auto left = list();
  while (!left.empty() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
    left = list();
  }
  return left;
}

std::vector<std::string> Machine::mounts_left() const {
  std::ifstream mounts("/proc/self/mountinfo");
  std::vector<std::string> found;
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(dir_.host_path()) != std::string::npos) found.push_back(line);
  }
  return found;
}

}  // namespace ibuild::e2e
