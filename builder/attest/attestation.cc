#include "builder/attest/attestation.h"

#include <nlohmann/json.hpp>

namespace ibuild::builder {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kStatementType = "https://in-toto.io/Statement/v1";

}  // namespace

std::string to_statement(const Attestation& attestation, const std::vector<Subject>& subjects,
                         StatementForm form) {
  Json statement;
  statement["_type"] = kStatementType;
  statement["predicateType"] = attestation.predicate_type;
  statement["subject"] = Json::array();
  for (const auto& subject : subjects) {
    const auto algorithm = std::string(subject.digest.algorithm());
    statement["subject"].push_back(
        {{"name", subject.name}, {"digest", {{algorithm, subject.digest.hex()}}}});
  }
  statement["predicate"] = Json::parse(attestation.predicate_json);
  const int indent = form == StatementForm::indented ? 2 : -1;
  return statement.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ibuild::builder
