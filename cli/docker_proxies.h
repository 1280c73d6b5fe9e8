#pragma once

#include <string>

#include "builder/build.h"

namespace ibuild::cli {

/// Adds the proxies that Docker's config.json has for builds ("proxies", "default") to the build
/// arguments, in both spellings; those that are given already stay. `config_dir` may be empty, and
/// the file missing. Throws: base::UsageError when the file is no such JSON.
void take_docker_proxies(const std::string& config_dir, builder::BuildRequest& request);

}  // namespace ibuild::cli
