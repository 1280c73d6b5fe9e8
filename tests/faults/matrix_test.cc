// Every fault at every request of a pull, a push and a copy: success after another attempt, or one
// clear error, and nothing half-done to be seen.
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <future>

#include "base/error.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "tests/faults/fault_table.h"
#include "tests/faults/weather.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::test;

namespace {

/// Requests of one command under a fault that never passes. Each of its questions is asked five
/// times at most, from several threads.
constexpr std::size_t kMostRequests = 80;
constexpr std::chrono::seconds kMostTime{10};

bool has_registry() {
  const auto why_not = RegistryServer::why_unavailable();
  return can_run("registry", why_not.empty(), why_not);
}

/// How a command ended.
struct End {
  int code = cli::kSuccess;
  std::string message;
};

End end_of(const std::function<void()>& command) {
  try {
    command();
    return {};
  } catch (const std::exception& error) {
    return {cli::exit_code_for(error), error.what()};
  }
}

/// A command whose requests go through the proxy. Not for several threads.
class Command {
 public:
  explicit Command(World& world) : world_(world) {}
  virtual ~Command() = default;
  virtual End run() = 0;
  /// What must not be, after the last run.
  virtual std::string find_damage(const End& end) = 0;

  FaultProxy& proxy() { return proxy_; }
  const FaultProxy& elsewhere() const { return elsewhere_; }

 protected:
  std::string via_proxy(const std::string& path) const { return proxy_.host() + path; }

  World& world_;

 private:
  FaultProxy proxy_{world_.port()};
  FaultProxy elsewhere_{world_.port()};
};

class Pull : public Command {
 public:
  using Command::Command;
  End run() override {
    household_ = std::make_unique<Household>();
    return end_of([&] { household_->pull(via_proxy(World::path())); });
  }
  std::string find_damage(const End& end) override {
    const bool named = !household_->store().images().list().empty();
    const bool wanted = end.code == cli::kSuccess;
    return household_->find_damage() + (named == wanted ? "" : "the name is wrong\n");
  }

 private:
  std::unique_ptr<Household> household_;
};

class Push : public Command {
 public:
  using Command::Command;
  End run() override {
    path_ = world_.fresh_path();
    return end_of([&] { send(); });
  }
  /// What has a name is whole. A name without success is allowed: its answer may be what was lost.
  std::string find_damage(const End& end) override {
    if (end.code != cli::kSuccess && !world_.has(path_)) return {};
    return world_.find_damage(path_);
  }

 protected:
  virtual void send() { world_.push_to(via_proxy(path_)); }
  std::string path_;
};

/// From a registry behind the proxy to one that is reached without it.
class CopyFrom : public Push {
 public:
  using Push::Push;
  void send() override { copy_hastily(via_proxy(World::path()), world_.host() + path_); }
};

class CopyTo : public Push {
 public:
  using Push::Push;
  void send() override { copy_hastily(world_.host() + World::path(), via_proxy(path_)); }
};

/// Within a registry: the blobs are mounted.
class CopyWithin : public Push {
 public:
  using Push::Push;
  void send() override { copy_hastily(via_proxy(World::path()), via_proxy(path_)); }
};

/// One field of the matrix.
struct Field {
  const NamedFault& fault;
  std::size_t at;  // number of the request
  bool forever;    // and all that follow
};

/// What is wrong with how the command bears the fault; empty when all is well.
std::string find_fault(Command& command, const Field& field) {
  command.proxy().begin([&](std::size_t number, const std::string&) {
    const bool struck = number == field.at || (field.forever && number > field.at);
    return struck ? field.fault.fault : Fault{};
  });
  const auto begin = std::chrono::steady_clock::now();
  const End end = command.run();
  const auto time = std::chrono::steady_clock::now() - begin;
  const auto seen = command.proxy().seen();
  command.proxy().begin();

  std::string wrong;
  const bool succeeded = end.code == cli::kSuccess;
  if (!field.forever && field.fault.once == NamedFault::Once::survives && !succeeded)
    wrong += "no success; ";
  if (!succeeded && end.code != cli::kFailure && end.code != cli::kRegistry) wrong += "exit code; ";
  if (succeeded != end.message.empty()) wrong += "no message; ";
  if (end.message.find('\n') != std::string::npos) wrong += "more than one message; ";
  if (seen.size() > kMostRequests) wrong += std::to_string(seen.size()) + " requests; ";
  if (time > kMostTime) wrong += "too slow; ";
  wrong += command.find_damage(end);
  if (wrong.empty()) return {};
  return field.fault.name + (field.forever ? " from request " : " at request ") +
         std::to_string(field.at) + " (" + (field.at < seen.size() ? seen[field.at] : "none") +
         "): " + wrong + "exit code " + std::to_string(end.code) + ": " + end.message;
}

/// Runs the command once for each fault and each of its requests (a quarter of them unless
/// IBUILD_ALL_FAULTS is set); `part` of `parts` of that.
std::vector<std::string> find_faults(Command& command, std::size_t part, std::size_t parts) {
  command.proxy().begin();
  if (!command.run().message.empty()) return {"it fails without any fault"};
  const std::size_t requests = command.proxy().seen().size();
  // All of them take minutes. The stride meets every fault, at other requests each time.
  const std::size_t stride = std::getenv("IBUILD_ALL_FAULTS") != nullptr ? 1 : 4;
  std::vector<std::string> wrong;
  std::size_t number = 0;
  for (const NamedFault& fault : all_faults(command.elsewhere())) {
    for (std::size_t at = 0; at < requests; ++at) {
      for (const bool forever : {false, true}) {
        if (forever && at % 4 != 0) continue;
        if (++number % stride != 0 || number / stride % parts != part) continue;
        try {
          wrong.push_back(find_fault(command, {.fault = fault, .at = at, .forever = forever}));
        } catch (const std::exception& error) {
          wrong.push_back(fault.name + " at request " + std::to_string(at) + ": " + error.what());
        }
        if (wrong.back().empty()) wrong.pop_back();
      }
    }
  }
  return wrong;
}

/// Most of the time is spent waiting, so several fields are gone through side by side.
template <typename C>
void run_matrix() {
  if (!has_registry()) return;
  constexpr std::size_t kParts = 6;
  World world;
  std::vector<std::future<std::vector<std::string>>> parts;
  for (std::size_t part = 0; part < kParts; ++part) {
    parts.push_back(std::async(std::launch::async, [&world, part] {
      C command(world);
      return find_faults(command, part, kParts);
    }));
  }
  for (auto& part : parts) {
    for (const std::string& wrong : part.get()) FAIL_CHECK(wrong);
  }
}

}  // namespace

TEST_CASE("faults: every fault at every request of a pull", "[faults]") { run_matrix<Pull>(); }
TEST_CASE("faults: every fault at every request of a push", "[faults]") { run_matrix<Push>(); }
TEST_CASE("faults: every fault at the source of a copy", "[faults]") { run_matrix<CopyFrom>(); }
TEST_CASE("faults: every fault at the destination of a copy", "[faults]") { run_matrix<CopyTo>(); }
TEST_CASE("faults: every fault of a copy that mounts", "[faults]") { run_matrix<CopyWithin>(); }
