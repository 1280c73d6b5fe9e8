#include "tests/support/scratch_dir.h"

#include <cstdlib>

namespace ibuild::test {

base::TempDir make_scratch_dir() {
  const char* root = std::getenv("TMPDIR");
  const bool is_set = root != nullptr && *root != '\0';
  return {base::DirFd::open(is_set ? root : "/tmp"), "ibuild-test-"};
}

}  // namespace ibuild::test
