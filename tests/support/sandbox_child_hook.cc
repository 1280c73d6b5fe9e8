// Linked into test programs that run steps: the sandbox starts their own binary again for its child
// processes.
#include <string_view>

#include "sandbox/sandbox.h"
#include "tests/support/rootless_mode.h"

extern "C" int ibuild_test_early_main(int argc, char** argv);

int ibuild_test_early_main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == ibuild::sandbox::kSandboxChildArg) {
    ibuild::sandbox::sandbox_child_main(argc, argv);
  }
  ibuild::test::enter_rootless_mode(argc, argv);
  return -1;
}
