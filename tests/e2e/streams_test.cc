#include <signal.h>

#include <catch2/catch.hpp>

#include "tests/e2e/support/machine.h"

using namespace ibuild;
using namespace ibuild::e2e;

namespace {

/// Runs shell text, in which "$1" is ibuild.
Output run_script(const Machine& machine, const std::string& script) {
  return machine.run({"sh", "-c", script, "sh", binary()});
}

/// Runs a program with a terminal or an idle pipe as its standard input, and sends it a signal when
/// it handles those. Prints its exit code, and whether the terminal echoes before, while and after.
const char* const kSignalWhileReading = R"(
import os, pty, select, signal, sys, termios, time
kind, number, argv = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
signal.signal(signal.SIGINT, signal.SIG_DFL)

def echoes(fd): return bool(termios.tcgetattr(fd)[3] & termios.ECHO)

def wait_until(what):
    deadline = time.monotonic() + 30
    while not what():
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            sys.exit('nothing happened')
        time.sleep(0.01)

def handles(pid):
    for line in open('/proc/%d/status' % pid):
        if line.startswith('SigCgt'): return bool(int(line.split()[1], 16) & 1 << (number - 1))

master, terminal = pty.openpty()
pipe = os.pipe()
states = [echoes(master)]
pid = os.fork()
if pid == 0:
    os.setsid()
    os.dup2(terminal if kind == 'terminal' else pipe[0], 0)
    os.execvp(argv[0], argv)
wait_until(lambda: handles(pid))
if kind == 'terminal': wait_until(lambda: not echoes(master))
states.append(echoes(master))
os.kill(pid, number)
ended = []
def has_ended():
    found, status = os.waitpid(pid, os.WNOHANG)
    if found: ended.append(os.waitstatus_to_exitcode(status))
    return found
wait_until(has_ended)
states.append(echoes(master))
print(ended[0], *states)
)";

/// Gives what the script prints.
std::string signal_while_reading(Machine& machine, const std::string& kind, int signal,
                                 const std::vector<std::string>& args) {
  machine.write("send_it.py", kSignalWhileReading);
  std::vector<std::string> words = {"timeout", "-s",         "KILL", "60",
                                    "python3", "send_it.py", kind,   std::to_string(signal),
                                    binary()};
  words.insert(words.end(), args.begin(), args.end());
  const auto output = machine.run(words);
  INFO(output.err);
  CHECK(output.code == 0);
  return output.out;
}

}  // namespace

TEST_CASE("streams: closed ones are no place for files of ibuild's own", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      machine.make_base();
      machine.write("Dockerfile", "FROM localhost/base:1\nRUN echo done > /f\n");
      const std::string build = "\"$1\" build --no-cache -t app:1 -f Dockerfile context ";
      for (const std::string closed : {"<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"}) {
        INFO(closed);
        CHECK(run_script(machine, build + closed).code == 0);
      }
      CHECK(machine.must({"run", "app:1", "cat", "/f"}) == "done");
      CHECK(run_script(machine, "\"$1\" run app:1 cat /f <&- >&-").code == 0);
      CHECK(machine.processes_left().empty());
    }
  }
}

TEST_CASE("streams: a signal while the password is asked for leaves the terminal as it was",
          "[e2e]") {
  Machine machine;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    CHECK(signal_while_reading(machine, "terminal", signal,
                               {"login", "-u", "alice", "127.0.0.1:1"}) == "130 True False True\n");
  }
}

TEST_CASE("streams: prune without an answer removes nothing and says so", "[e2e]") {
  Machine machine;
  const auto unanswered = machine.ibuild({"prune"});
  CHECK(unanswered.code == 2);
  CHECK_THAT(unanswered.err, Catch::Contains("nothing was removed") && Catch::Contains("-f"));
  const auto refused = machine.ibuild({"prune"}, {.stdin_text = "n\n"});
  CHECK(refused.code == 0);
  CHECK_THAT(refused.err, Catch::Contains("Nothing was removed."));
  CHECK(machine.ibuild({"prune"}, {.stdin_text = "y"}).code == 0);
}

TEST_CASE("streams: the first signal ends waiting for a pipe", "[e2e]") {
  for (const Who who : everybody()) {
    DYNAMIC_SECTION(name_of(who)) {
      Machine machine(who);
      const std::vector<std::vector<std::string>> commands = {{"load"},
                                                              {"build", "-"},
                                                              {"build", "-f", "-", "context"},
                                                              {"check", "-"},
                                                              {"load", "-i", "fifo"}};
      machine.must_run({"mkfifo", "fifo"});
      for (const auto& words : commands) {
        INFO(words[0] << " " << words.back());
        CHECK(signal_while_reading(machine, "pipe", SIGINT, words) == "130 True True True\n");
        CHECK(machine.processes_left().empty());
        if (machine.exists("store/tmp"))
          CHECK(base::list_dir(base::DirFd::open(machine.store() + "/tmp")).empty());
      }
    }
  }
}

TEST_CASE("streams: the first signal ends waiting for who reads an archive", "[e2e]") {
  Machine machine;
  machine.write("context/big", std::string(1 << 20, 'x'));
  REQUIRE(machine.build("app:1", "FROM scratch\nCOPY big /\n").code == 0);
  machine.must_run({"mkfifo", "fifo"});
  const std::vector<std::vector<std::string>> commands = {
      {"save", "-o", "fifo", "app:1"},
      {"build", "-f", "Dockerfile", "-o", "type=tar,dest=fifo", "context"}};
  for (const auto& words : commands) {
    INFO(words[0]);
    CHECK(signal_while_reading(machine, "pipe", SIGINT, words) == "130 True True True\n");
    CHECK(machine.processes_left().empty());
  }
}

TEST_CASE("streams: an archive goes through a fifo, and to /dev/stdout, which stays", "[e2e]") {
  Machine machine;
  machine.write("context/big", std::string(1 << 20, 'x'));
  REQUIRE(machine.build("app:1", "FROM scratch\nCOPY big /\n").code == 0);
  machine.must_run({"mkfifo", "fifo"});
  const std::string check = " | sha256sum";
  const auto whole = run_script(machine, "\"$1\" save app:1" + check);
  CHECK(run_script(machine, "\"$1\" save -o /dev/stdout app:1" + check).out == whole.out);
  CHECK(run_script(machine, "\"$1\" save -o fifo app:1 & sha256sum < fifo; wait $!").out ==
        whole.out);
  CHECK(run_script(machine, "test -L /dev/stdout").code == 0);
}

TEST_CASE("streams: standard output that cannot be written to is an error", "[e2e]") {
  Machine machine;
  REQUIRE(machine.build("app:1", "FROM scratch\nLABEL a=b\n").code == 0);
  for (const std::string words : {"--help", "build --help", "version", "images", "inspect app:1",
                                  "history app:1", "du", "build -q -f Dockerfile context"}) {
    INFO(words);
    const auto full = run_script(machine, "\"$1\" " + words + " >/dev/full");
    CHECK(full.code == 1);
    CHECK_THAT(full.err, Catch::Contains("standard output"));
  }
  CHECK(run_script(machine, "\"$1\" save app:1 >/dev/full").code == 1);
}

TEST_CASE("streams: nobody there to read the output ends quietly, as SIGPIPE would", "[e2e]") {
  Machine machine;
  machine.write("context/big", std::string(1 << 20, 'x'));
  REQUIRE(machine.build("app:1", "FROM scratch\nCOPY big /\n").code == 0);
  for (const std::string words :
       {"--help", "images", "save app:1", "build -f Dockerfile -o - context"}) {
    INFO(words);
    const auto gone = run_script(
        machine, "exec 3>&1; mkfifo gone; sh -c ': <gone' & exec 4>gone; wait; rm gone; \"$1\" " +
                     words + " >&4; echo $? >&3");
    CHECK(gone.out == "141\n");
    CHECK_THAT("\n" + gone.err, !Catch::Contains("\nERROR: "));
  }
}

TEST_CASE("streams: nothing on standard input is told", "[e2e]") {
  Machine machine;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"check", "-f", "-"},
                                                {"check", "-"},
                                                {"build", "-f", "-", "context"},
                                                {"build", "-"}}) {
    const auto refused = machine.ibuild(words);
    CHECK(refused.code == 2);
    CHECK_THAT(refused.err, Catch::Contains("on standard input (-) is empty"));
  }
}

TEST_CASE("streams: a file that may not grow is an error like any other", "[e2e]") {
  Machine machine;
  machine.write("context/big", std::string(300000, 'x'));
  const auto built =
      machine.build("app:1", "FROM scratch\nCOPY big /\n",
                    {"-o", "type=tar,dest=" + machine.path("home/out.tar")},
                    {.around = {"bash", "-c", "ulimit -f 200; exec \"$@\"", "bash"}});
  INFO(built.err);
  CHECK(built.code == 1);
  CHECK_THAT(built.err, Catch::Contains("ERROR: ") && Catch::Contains("file too large"));
}
