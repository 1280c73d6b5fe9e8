#pragma once

#include <ostream>
#include <string>

#include "cli/error_report.h"
#include "parser/lint.h"

namespace ibuild::cli {

/// A report for people: the number of findings, then each with its rule, URL and place, in the
/// order of the file.
void print_lint_text(std::ostream& out, const parser::LintReport& report,
                     const DockerfileText& dockerfile);

/// The same in the form of BuildKit's subrequest frontend.lint.
std::string lint_json(const parser::LintReport& report, const DockerfileText& dockerfile);

/// The same as SARIF 2.1.0, for code scanners. `path` is that of the file as the user named it.
/// See: https://docs.oasis-open.org/sarif/sarif/v2.1.0/
std::string lint_sarif(const parser::LintReport& report, const DockerfileText& dockerfile,
                       const std::string& path);

/// Warnings of a build in the form of BuildKit's client, as buildx's metadata has them: a JSON
/// array. See: moby/buildkit client/graph.go, VertexWarning.
std::string build_warnings_json(const parser::Diagnostics& warnings,
                                const DockerfileText& dockerfile);

}  // namespace ibuild::cli
