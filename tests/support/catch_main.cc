#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

/// A test program that the code under test starts again as something else (the child of the
/// sandbox) links a definition: it gives a value below 0 to go on with the tests, else the exit
/// code.
extern "C" int ibuild_test_early_main(int argc, char** argv) __attribute__((weak));

int main(int argc, char** argv) {
  if (ibuild_test_early_main != nullptr) {
    const int code = ibuild_test_early_main(argc, argv);
    if (code >= 0) return code;
  }
  return Catch::Session().run(argc, argv);
}
