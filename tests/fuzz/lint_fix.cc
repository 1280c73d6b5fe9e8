// Any Dockerfile that can be read can still be read after its findings are mended, and says the
// same instructions; mending comes to an end.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "parser/lint.h"
#include "parser/lint_fix.h"

using namespace ibuild;

namespace {

void require(bool condition) {
  if (!condition) __builtin_trap();
}

parser::Dockerfile parse(const std::string& source) {
  parser::Diagnostics unused;
  return parser::parse_dockerfile(source, unused);
}

void mend(std::string source) {
  constexpr int kMaxRounds = 4;
  for (int round = 0;; ++round) {
    const auto dockerfile = parse(source);
    const auto report = parser::lint_dockerfile(dockerfile, {});
    const auto fixes = parser::find_fixes(dockerfile, report.warnings);
    if (fixes.empty()) return;
    require(round < kMaxRounds);
    std::string mended = parser::apply_fixes(source, fixes);
    require(mended != source);
    const auto again = parse(mended);
    require(again.nodes.size() == dockerfile.nodes.size());
    require(report.error.has_value() == parser::lint_dockerfile(again, {}).error.has_value());
    source = std::move(mended);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string source(reinterpret_cast<const char*>(data), size);
  try {
    parse(source);
  } catch (const parser::DockerfileError&) {
    return 0;
  }
  mend(source);
  return 0;
}
