#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace ibuild::cli {

/// What `ibuild inspect` may be asked to show of what is said of an image.
enum class StatementKind { provenance, sbom };

/// How the type of such a predicate begins.
std::string_view predicate_type_of(StatementKind kind);

/// Prints a statement byte for byte, or what it says alone, indented. Throws: Error when there is
/// none; ContentError when it is no statement.
enum class StatementPart { whole, predicate };
void print_statement(const std::optional<std::string>& statement, StatementKind kind,
                     StatementPart part, std::ostream& out);

}  // namespace ibuild::cli
