#include "sandbox/launcher.h"

#include <unistd.h>

#include <array>
#include <string>

#include "base/error.h"
#include "sandbox/own_binary.h"
#include "sandbox/sandbox.h"

namespace ibuild::sandbox {

namespace {

[[noreturn]] void fail(const base::SystemError& cause) {
  SandboxError error("start", cause.what());
  error.set_hint(cause.hint());
  throw error;
}

}  // namespace

Launcher::Process Launcher::start_process() const {
  const base::UniqueFd binary = open_own_binary();
  auto [near, far] = Channel::open_pair();
  // A new program gets three descriptors and no more; the binary itself is one of them, until the
  // launcher has started.
  base::Child child =
      base::spawn_program({"/proc/self/fd/1", std::string(kSandboxChildArg), std::string(role_)},
                          far.fd(), binary.get(), STDERR_FILENO);
  return {std::move(child), std::move(near)};
}

void Launcher::prepare() {
  const std::lock_guard lock(mutex_);
  try {
    if (!process_) process_.emplace(start_process());
  } catch (const base::SystemError& error) {
    fail(error);
  }
}

StepLines Launcher::start_step() {
  const std::lock_guard lock(mutex_);
  try {
    auto [setup, far_setup] = Channel::open_pair();
    auto [life, far_life] = Channel::open_pair();
    const std::array<int, 2> far_ends = {far_setup.fd(), far_life.fd()};
    // A second try with a new process when the old one is no more.
    for (bool again = process_.has_value();; again = false) {
      if (!process_) process_.emplace(start_process());
      try {
        process_->control.send({&message::kStep, 1}, far_ends);
        return {std::move(setup), std::move(life)};
      } catch (const base::SystemError&) {
        process_.reset();
        if (!again) throw;
      }
    }
  } catch (const base::SystemError& error) {
    fail(error);
  }
}

}  // namespace ibuild::sandbox
