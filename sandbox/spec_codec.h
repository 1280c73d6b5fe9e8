#pragma once

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "sandbox/channel.h"
#include "sandbox/emulation.h"
#include "sandbox/hook_bundle.h"
#include "sandbox/sandbox_spec.h"

namespace ibuild::sandbox {

/// What a step gets as descriptors 0, 1 and 2. -1: /dev/null of the step's own /dev.
struct StepStdio {
  int in = -1;
  int out = -1;
  int err = -1;
};

/// A spec as it travels to the child: bytes, and the descriptors that they number.
struct EncodedSpec {
  std::string bytes;
  std::vector<int> fds;  // still the caller's
};
EncodedSpec encode_spec(const SandboxSpec& spec, const StepStdio& stdio,
                        const std::vector<Emulator>& emulators);

/// A spec as it arrived: its descriptor numbers are those of `fds`.
struct ReceivedSpec {
  SandboxSpec spec;
  StepStdio stdio;
  std::vector<Emulator> emulators;
  std::vector<base::UniqueFd> fds;
};
/// Throws: ContentError.
ReceivedSpec decode_spec(Frame frame);

/// Limits alone, for the supervisor. Throws: ContentError.
std::string encode_resources(const ResourceLimits& limits);
ResourceLimits decode_resources(std::string_view bytes);

/// Hooks alone, for the supervisor. Throws: ContentError.
std::string encode_hooks(const HookOrder& order);
HookOrder decode_hooks(std::string_view bytes);

}  // namespace ibuild::sandbox
