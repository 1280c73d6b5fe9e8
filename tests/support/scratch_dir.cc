#include "tests/support/scratch_dir.h"

#include <cstdlib>

namespace ibuild::test {

std::string temp_root() {
  const char* root = std::getenv("TMPDIR");
  return root != nullptr && *root != '\0' ? root : "/tmp";
}

base::TempDir make_scratch_dir() { return {base::DirFd::open(temp_root()), "ibuild-test-"}; }

}  // namespace ibuild::test
