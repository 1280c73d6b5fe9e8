#pragma once

#include "base/base64.h"

namespace ibuild::registry {

using base::decode_base64;
using base::encode_base64;

}  // namespace ibuild::registry
