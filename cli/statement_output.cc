#include "cli/statement_output.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace ibuild::cli {

namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void throw_nothing_said(StatementKind kind) {
  const bool is_sbom = kind == StatementKind::sbom;
  base::Error error(is_sbom ? "the image has no SBOM" : "the image has no provenance");
  error.set_hint(is_sbom ? "`ibuild build --sbom=true` adds one"
                         : "`ibuild build --provenance=true` adds it");
  throw error;
}

std::string predicate_of(const std::string& statement) {
  const Json json = Json::parse(statement, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("predicate"))
    throw base::ContentError("the attestation is no in-toto statement");
  return json["predicate"].dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string_view predicate_type_of(StatementKind kind) {
  return kind == StatementKind::sbom ? "https://spdx.dev/Document" : "https://slsa.dev/provenance/";
}

void print_statements(const std::vector<std::string>& statements, StatementKind kind,
                      StatementPart part, std::ostream& out) {
  if (statements.empty()) throw_nothing_said(kind);
  if (part == StatementPart::whole) {
    out << base::join(statements, "\n");
    return;
  }
  for (const auto& statement : statements) out << predicate_of(statement) << "\n";
}

}  // namespace ibuild::cli
