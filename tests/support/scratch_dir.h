#pragma once

#include "base/files.h"

namespace ibuild::test {

/// A new directory below $TMPDIR (else /tmp), removed with the object.
base::TempDir make_scratch_dir();

}  // namespace ibuild::test
