#include "parser/diagnostic.h"

#include <utility>

namespace ibuild::parser {

DockerfileError::DockerfileError(std::string code, SourceRange range, std::string message)
    : base::Error(std::move(message)), code_(std::move(code)), range_(range) {}

}  // namespace ibuild::parser
