#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/stream.h"

namespace ibuild::builder {

/// What a Go program tells of its making.
struct GoBuildInfo {
  std::string version;  // of Go: "go1.21.3"
  std::string modules;  // lines: "path", "mod", "dep", "=>", "build"
};

/// Opens a program from an offset on; several times. Nothing is to be read beyond its end.
using ProgramOpener = std::function<std::unique_ptr<base::ByteSource>(std::uint64_t offset)>;

/// None for what is no ELF file or was not built by Go. Both forms: since Go 1.18, and with
/// pointers before that. In bounded memory. Throws: ContentError for an ELF file that is too large.
/// See: Go's debug/buildinfo/buildinfo.go, the comment at its top.
std::optional<GoBuildInfo> read_go_build_info(const ProgramOpener& open);

}  // namespace ibuild::builder
