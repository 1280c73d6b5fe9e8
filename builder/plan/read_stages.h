#pragma once

#include "builder/build.h"
#include "parser/dockerfile.h"
#include "parser/instruction.h"

namespace ibuild::builder {

/// The Dockerfile's stages, the first one on BuildRequest::first_base where that is wanted.
/// Throws: parser::DockerfileError.
parser::StageList read_stages(const parser::Dockerfile& dockerfile, const BuildRequest& request,
                              parser::Diagnostics& diagnostics);

}  // namespace ibuild::builder
