// Linked into test programs that run steps: the sandbox starts their own binary again for its child
// processes.
#include <fcntl.h>

#include <string_view>

#include "sandbox/sandbox.h"
#include "tests/support/rootless_mode.h"

extern "C" int ibuild_test_early_main(int argc, char** argv);

namespace {

/// As a library might do behind our back: a descriptor of the host's root that stays open through
/// execve(2). No step may ever see it.
void leak_descriptor() { (void)::open("/", O_RDONLY | O_DIRECTORY); }

}  // namespace

int ibuild_test_early_main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == ibuild::sandbox::kSandboxChildArg) {
    leak_descriptor();
    ibuild::sandbox::sandbox_child_main(argc, argv);
  }
  ibuild::test::enter_rootless_mode(argc, argv);
  return -1;
}
