#pragma once

#include <string>

#include "builder/build.h"
#include "cli/error_report.h"

namespace ibuild::cli {

/// What --metadata-file holds: JSON with containerimage.digest, containerimage.config.digest,
/// containerimage.descriptor and image.name, as far as there is an image,
/// buildx.build.provenance and, where BUILDX_METADATA_WARNINGS asks for them,
/// buildx.build.warnings.
std::string metadata_json(const builder::BuildResult& result, const DockerfileText& dockerfile);

/// Replaces the file whole; a device, a fifo and standard output (/dev/stdout) are written to.
/// Throws: SystemError.
void write_result_file(const std::string& path, const std::string& content);

/// Takes away what an earlier build wrote there, which would be taken for the result of one that
/// fails. Does nothing where there is no file, or something else (/dev/stdout). Throws:
/// SystemError.
void remove_result_file(const std::string& path);

}  // namespace ibuild::cli
