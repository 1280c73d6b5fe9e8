#pragma once

#include <string>

#include "base/files.h"

namespace ibuild::test {

/// $TMPDIR, else /tmp.
std::string temp_root();
/// A new directory in there, removed with the object.
base::TempDir make_scratch_dir();

}  // namespace ibuild::test
