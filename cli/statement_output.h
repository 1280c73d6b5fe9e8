#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::cli {

/// What `ibuild inspect` may be asked to show of what is said of an image.
enum class StatementKind { provenance, sbom };

/// How the type of such a predicate begins.
std::string_view predicate_type_of(StatementKind kind);

/// Prints statements byte for byte, parted by line ends, or what they say alone, indented, one JSON
/// document after the other. Throws: Error when there is none; ContentError when one is no
/// statement.
enum class StatementPart { whole, predicate };
void print_statements(const std::vector<std::string>& statements, StatementKind kind,
                      StatementPart part, std::ostream& out);

}  // namespace ibuild::cli
