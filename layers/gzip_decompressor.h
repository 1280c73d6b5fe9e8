#pragma once

#include <memory>

#include "base/stream.h"

namespace ibuild::layers {

/// See make_decompressor. Reads any number of members; zeros may follow the last one.
std::unique_ptr<base::ByteSource> make_gzip_decompressor(base::ByteSource& from);

}  // namespace ibuild::layers
