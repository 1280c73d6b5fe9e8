#pragma once

#include "base/stream.h"

namespace ibuild::layers {

/// True when both give the same bytes. Reads as far as that takes.
bool has_same_content(base::ByteSource& a, base::ByteSource& b);

}  // namespace ibuild::layers
