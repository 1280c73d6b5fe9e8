// Linked into test programs that run steps: the sandbox starts their own binary again for its child
// process.
#include <string_view>

#include "sandbox/sandbox.h"

extern "C" int ibuild_test_early_main(int argc, char** argv);

int ibuild_test_early_main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == ibuild::sandbox::kSandboxChildArg) {
    ibuild::sandbox::sandbox_child_main(argc, argv);
  }
  return -1;
}
