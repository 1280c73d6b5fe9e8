#pragma once

#include <string>

namespace ibuild::cli {

// Paths of the command line, looked at before anything is done. All throw UsageError, which names
// the option (or what else the path is for) and the path.

/// `path`, which must be readable and no directory.
std::string readable_file(const std::string& option, const std::string& path);
/// The same, and if it is a regular file it must hold certificates as PEM.
std::string certificate_file(const std::string& option, const std::string& path);
/// `path`, which must be a directory.
std::string existing_directory(const std::string& option, const std::string& path);
/// `path`, where a file must be able to appear, or be replaced: in a directory that is there and
/// may be written to. A fifo or a device must be writable.
std::string result_file(const std::string& option, const std::string& path);

}  // namespace ibuild::cli
